// SPDX-License-Identifier: GPL-2.0

//! The share of a probe's instances that one user can hold.

use loom::{sync::Arc, thread};
use proptest::prelude::*;

use crate::{
    model::{
        shares::{Charge, Shares, BUCKETS},
        word::Word,
    },
    words::{Checked, Model, Single, ATOMICITY},
};

fn shares<W: Word>(cpus: usize, buckets: usize, calls: u32) -> Shares<Vec<W>> {
    let words = (0..cpus * buckets).map(|_| W::new(0)).collect();
    Shares::new(words, buckets, calls)
}

/// Charges calls of a user on a CPU until one is refused.
fn until_refused<W: Word>(shares: &Shares<Vec<W>>, cpu: u32, user: u32) -> Vec<Charge> {
    std::iter::from_fn(|| shares.charge(cpu, user)).collect()
}

/// Does the same on each CPU in turn.
fn on_all_cpus(shares: &Shares<Vec<Single>>, user: u32) -> Vec<Charge> {
    (0..3)
        .flat_map(|cpu| until_refused(shares, cpu, user))
        .collect()
}

#[test]
fn one_user_holds_half() {
    for calls in [1, 2, 3, 8, 24, 256, 1024, 4096] {
        let half = (calls as usize).div_ceil(2);
        let shares = shares::<Single>(3, BUCKETS, calls);
        let held = on_all_cpus(&shares, 1000);
        assert!(held.len() <= half);
        // Another user gets the same number.
        assert_eq!(on_all_cpus(&shares, 1001).len(), held.len());
        held.into_iter().for_each(|charge| shares.uncharge(charge));
        let on_one = until_refused(&shares, 2, 1000).len();
        assert!(
            (half * 3 / 4..=half).contains(&on_one),
            "{on_one} of {calls}"
        );
    }
}

proptest! {
    /// The shares act like a map of counts.
    #[test]
    fn each_user_is_counted(steps in prop::collection::vec((0..4_u32, 0..3_u32, any::<bool>()), 0..300)) {
        let shares = shares::<Single>(4, BUCKETS, 32);
        let mut held: [Vec<Charge>; 3] = Default::default();
        for (cpu, user, enters) in steps {
            let own = &mut held[user as usize];
            if enters {
                match shares.charge(cpu, user) {
                    Some(charge) => own.push(charge),
                    None => prop_assert!(own.len() >= 12),
                }
                prop_assert!(own.len() <= 16);
            } else if let Some(charge) = own.pop() {
                shares.uncharge(charge);
            }
        }
    }
}

/// A call enters on a CPU. Meanwhile another call that entered on the same CPU returns on a second CPU.
fn nothing_is_lost<W: Word + Send + Sync + 'static>() {
    let shares = Arc::new(shares::<W>(2, 1, 4));
    let first = shares.charge(0, 7).unwrap();
    let other = {
        let shares = shares.clone();
        thread::spawn(move || shares.uncharge(first))
    };
    let second = shares.charge(0, 7);
    other.join().unwrap();
    shares.uncharge(second.unwrap());
    let can = until_refused(&shares, 0, 7).len();
    assert_eq!(can, 2, "lost");
}

#[test]
fn nothing_is_lost_between_cpus() {
    loom::model(nothing_is_lost::<Checked>);
}

/// Here, counting takes a separate load and store.
#[test]
#[should_panic(expected = "lost")]
fn without_atomicity_something_is_lost() {
    loom::model(nothing_is_lost::<Model<ATOMICITY>>);
}
