//! How many refusals a group of recipients may bring.

/// How many refusals a group is expected to bring, and how far off that may be.
#[derive(Clone, Copy, Default)]
pub(super) struct Risk {
    pub(super) expected: f64,
    variance: f64,
}

impl Risk {
    /// With one more, who is refused with this chance.
    pub(super) fn with(self, chance: f64) -> Self {
        Self { expected: self.expected + chance, variance: self.variance + chance * (1.0 - chance) }
    }

    /// Whether more than `most` would be a surprise (two standard deviations).
    pub(super) fn likely_at_most(self, most: f64) -> bool {
        self.expected + 2.0 * self.variance.sqrt() <= most
    }
}
