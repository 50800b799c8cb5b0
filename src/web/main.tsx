import { render } from 'preact'
import './style.css'
import { Console } from './console.tsx'

const root = document.getElementById('app')
if (root) render(<Console />, root)
