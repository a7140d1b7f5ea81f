"""What one pass over a variable tells: range, sums, missing values, jumps, moments of the seasonal regression."""

import numpy as np

LEAST_CELLS = 25  # of a field with one value everywhere that is not so by rounding
PROBES = 50  # cells compared before whole fields are
JUMP = 0.7  # of a variable's whole range, from one cell or step to the next


class FieldStatistics:
    """Running statistics of each cell of one variable, fed block by block in the order of time.

    Sums are taken about each cell's first value, so that a constant leaves exactly nothing and large
    offsets cost no digits.

    Parameters
    ----------
    cells : int
        Cells of a field.
    design : array of shape (time, coefficient), default=None
        Regressors, 1 in front, whose products with the values are wanted, as is the sum of squares; None wants the
        sum alone.

    Attributes
    ----------
    steps : int
        Steps seen.
    missing : array of int, shape (cell,)
        Missing values of each cell.
    low, high : array of shape (cell,)
        Range of each cell; inf and -inf where nothing is known.
    origin : array of shape (cell,)
        First known value, NaN where there is none.
    moments : array of shape (coefficient, cell)
        Products of the regressors with values less `origin`; the first is their sum.
    squares : array of shape (cell,)
        Sum of squares of values less `origin`.
    infinite : int
        Infinite values.
    absent : list of int
        Positions of steps that are missing entirely.
    uniform : list of (int, float)
        Positions and values of steps with one value in every cell, of at least 25.
    repeated : list of int
        Positions of steps whose values equal those of the step before, other than the uniform ones.
    bounds : tuple of float
        Lowest and highest value of the other steps than the uniform ones; inf and -inf where there are none.
    jumps, pairs : int
        Upper bound of the number of steps between which a value jumps over most of its range, and number of pairs.
    """

    def __init__(self, cells, design=None):
        self.design = design
        self.steps = self.infinite = self.jumps = self.pairs = 0
        self.absent, self.uniform, self.repeated = [], [], []
        self.bounds = np.inf, -np.inf
        self.missing = np.zeros(cells, dtype=np.int64)
        self.low = np.full(cells, np.inf, dtype=np.float32)
        self.high = np.full(cells, -np.inf, dtype=np.float32)
        self.origin = np.full(cells, np.nan, dtype=np.float32)
        self.moments = np.zeros((1 if design is None else design.shape[1], cells))
        self.squares = np.zeros(cells)
        self._last = None
        self._slot = np.full(cells, -1)
        self._missing_normals = np.zeros((0, len(self.moments) ** 2))

    @property
    def counts(self):
        """Known values of each cell, shape (cell,)."""
        return self.steps - self.missing

    @property
    def sums(self):
        """Sum of the known values of each cell, shape (cell,)."""
        return self.moments[0] + np.nan_to_num(self.origin.astype(np.float64)) * self.counts

    @property
    def changes(self):
        """Whether any cell has two values."""
        return bool((self.low < self.high).any())

    def add(self, block):
        """Take in the next steps, shape (time, cell), float32."""
        with np.errstate(over="ignore"):  # of codes for missing values such as 3e38, which are refused later
            self._add(block)

    def _add(self, block):
        low, high = block.min(axis=0), block.max(axis=0)
        is_whole = bool(np.isfinite(low).all() and np.isfinite(high).all())
        if not is_whole:
            low, high = np.fmin.reduce(block, axis=0), np.fmax.reduce(block, axis=0)
            self.infinite += int(np.count_nonzero(np.isinf(block)))
            self.absent += (self.steps + np.flatnonzero(np.isnan(block).all(axis=1))).tolist()
        np.fmin(self.low, low, out=self.low)
        np.fmax(self.high, high, out=self.high)
        if not self.infinite:
            self._add_sums(block, is_whole)
            self._add_uniform_and_repeated(block, low, high)
            self._add_jumps(block, low, high, is_whole)
        self.steps += len(block)

    def _add_sums(self, block, is_whole):
        self._set_origin(block)
        rest = block - self.origin
        missing = None if is_whole else np.isnan(rest)
        if missing is not None:
            rest[missing] = 0.0
            self.missing += np.count_nonzero(missing, axis=0)
        if self.design is None:
            self.moments[0] += rest.sum(axis=0)
            return
        rest = rest.astype(np.float64)
        design = self.design[self.steps : self.steps + len(block)]
        self.moments += design.T @ rest
        self.squares += np.einsum("tc,tc->c", rest, rest)
        if missing is not None:
            self._add_missing(missing, design)

    def _set_origin(self, block):
        unknown = np.flatnonzero(np.isnan(self.origin))
        if not len(unknown):
            return
        part = block[:, unknown]
        first = np.argmax(~np.isnan(part), axis=0)
        self.origin[unknown] = part[first, np.arange(len(unknown))]

    def _add_missing(self, missing, design):
        """Products of the regressors at missing steps, for those cells alone that lack some."""
        cells = np.flatnonzero(missing.any(axis=0))
        new = cells[self._slot[cells] < 0]
        if len(new):
            self._slot[new] = len(self._missing_normals) + np.arange(len(new))
            zeros = np.zeros((len(new), self._missing_normals.shape[1]))
            self._missing_normals = np.concatenate([self._missing_normals, zeros])
        products = np.einsum("ti,tj->tij", design, design).reshape(len(design), -1)
        self._missing_normals[self._slot[cells]] += missing[:, cells].T @ products

    def normals(self, cells):
        """Normal matrices of cells, shape (cell, coefficient, coefficient)."""
        design = self.design[: self.steps]
        whole = np.repeat((design.T @ design)[None], len(cells), axis=0)
        partly = self._slot[cells] >= 0
        lost = self._missing_normals[self._slot[cells][partly]]
        whole[partly] -= lost.reshape(-1, *whole.shape[1:])
        return whole

    def _add_uniform_and_repeated(self, block, low, high):
        """Find steps with one value everywhere and steps that repeat the one before, by a few cells first."""
        known = np.flatnonzero(np.isfinite(self.origin))
        if not len(known):
            return
        probes = known[np.linspace(0, len(known) - 1, PROBES).round().astype(int)]
        few = block[:, probes]
        rows = np.flatnonzero(np.fmax.reduce(few, axis=1) == np.fmin.reduce(few, axis=1))
        uniform = [row for row in rows if np.fmax.reduce(block[row]) == np.fmin.reduce(block[row])]
        if len(known) >= LEAST_CELLS:
            self.uniform += [(self.steps + int(row), float(np.fmax.reduce(block[row]))) for row in uniform]
        if len(uniform) < len(block):
            if uniform:
                low = high = np.delete(block, uniform, axis=0)[:, known]
            self.bounds = (
                min(self.bounds[0], np.fmin.reduce(low, axis=None)),
                max(self.bounds[1], np.fmax.reduce(high, axis=None)),
            )
        before = few[:-1] if self._last is None else np.concatenate([self._last[None, probes], few[:-1]])
        begin = 1 if self._last is None else 0
        for row in np.flatnonzero((few[begin:] == before).all(axis=1)) + begin:
            previous = block[row - 1] if row else self._last
            if (
                row not in uniform
                and previous is not None
                and np.array_equal(block[row], previous, equal_nan=True)
            ):
                self.repeated.append(self.steps + int(row))

    def _add_jumps(self, block, low, high, is_whole):
        """Count steps farther than most of the range so far, which is no more than the whole range."""
        if self._last is not None:
            low, high = np.fmin(low, self._last), np.fmax(high, self._last)
        far = JUMP * (float(self.high.max()) - float(self.low.min()))
        suspects = np.flatnonzero(high - low > far)
        if len(suspects):
            rows = block[:, suspects]
            if self._last is not None:
                rows = np.concatenate([self._last[None, suspects], rows])
            self.jumps += int(np.count_nonzero(np.abs(np.diff(rows, axis=0)) > far))
        if is_whole:
            self.pairs += block.size if self._last is not None else block.size - block.shape[1]
        else:
            known = ~np.isnan(block)
            self.pairs += int(np.count_nonzero(known[1:] & known[:-1]))
        self._last = block[-1].copy()
