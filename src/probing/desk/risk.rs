//! How many refusals a group of recipients may bring.

/// How unlikely it has to be that a group brings more refusals than its session may hold: one in a million.
const UNLIKELY: f64 = 1e-6;

/// How many are in a group, and how many refusals they are expected to bring.
#[derive(Clone, Copy, Default)]
pub(super) struct Risk {
    size: usize,
    pub(super) expected: f64,
    variance: f64,
}

impl Risk {
    /// With one more, who is refused with this chance.
    pub(super) fn with(self, chance: f64) -> Self {
        let variance = self.variance + chance * (1.0 - chance);
        Self { size: self.size + 1, expected: self.expected + chance, variance }
    }

    /// Whether they bring no more than `most` refusals even if all of them are refused.
    pub(super) fn never_more_than(self, most: usize) -> bool {
        self.size <= most
    }

    /// Whether more than `most` would be a surprise (two standard deviations).
    pub(super) fn likely_at_most(self, most: usize) -> bool {
        self.never_more_than(most) || self.expected + 2.0 * self.variance.sqrt() <= most as f64
    }

    /// Whether more than `most` would be one chance in a million (the bound of Chernoff, for independent chances).
    pub(super) fn hardly_more_than(self, most: usize) -> bool {
        if self.never_more_than(most) {
            return true;
        }
        let too_many = (most + 1) as f64;
        let logarithm = too_many - self.expected + too_many * (self.expected / too_many).ln();
        self.expected < too_many && logarithm <= UNLIKELY.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_large_as_the_refusals_left_and_larger_only_where_hardly_anybody_is_refused() {
        let rows = [(9, 1.0, 9), (1, 0.3, 1), (9, 0.3, 9), (9, 0.02, 51), (9, 0.002, 511), (4, 0.01, 11), (0, 0.1, 0)];
        for (most, chance, expected) in rows {
            let mut risk = Risk::default();
            let mut size = 0;
            while risk.with(chance).hardly_more_than(most) {
                risk = risk.with(chance);
                size += 1;
            }
            assert_eq!(size, expected, "{most} refusals, chance {chance}");
        }
    }
}
