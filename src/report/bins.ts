/** n_min: a bin, or a pool of bins, with fewer samples is `unknown`: it says nothing. */
export const COUNT_MIN = 20
