// SPDX-License-Identifier: GPL-2.0

//! Sums of counters, modulo 2^64.

/// A total, or an array of totals.
pub(crate) trait Sum {
    /// Adds another total.
    fn add_total(&mut self, other: &Self);
}

impl Sum for u64 {
    fn add_total(&mut self, other: &Self) {
        *self = self.wrapping_add(*other);
    }
}

impl<const N: usize> Sum for [u64; N] {
    fn add_total(&mut self, other: &Self) {
        for (total, other) in self.iter_mut().zip(other) {
            total.add_total(other);
        }
    }
}

/// Adds fields of other totals to those of the same name.
macro_rules! add_fields {
    ($totals:ident += $others:ident: $($field:ident),+ $(,)?) => {
        $($crate::model::counts::sum::Sum::add_total(&mut $totals.$field, &$others.$field);)+
    };
}
pub(crate) use add_fields;
