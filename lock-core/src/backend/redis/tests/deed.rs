//! What happens in a sequence, one thing after the other.

use super::pair::Pair;
use crate::backend::Reply;
use crate::backend::memory::rules::{Order, Subject};

/// One thing that happens. It says all of it, so that it can be played again without what came before.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Pass { us: u64 },
    StepBack { us: u64 },
    Listen { channel: &'static str, listens: bool },
    Expire { name: &'static str },
    LoseCounter,
    Call(Vec<Order>),
}

impl Deed {
    pub(crate) fn run(&self, pair: &mut Pair) -> Vec<Reply> {
        match self {
            Self::Pass { us } => *pair.now_us() += us,
            Self::StepBack { us } => *pair.now_us() -= us,
            Self::Listen { channel, listens } => pair.listens(channel, *listens),
            Self::Expire { name } => pair.expire(name),
            Self::LoseCounter => pair.lose_the_counter(),
            Self::Call(orders) => {
                let replies = pair.run(orders);
                pair.published();
                return replies;
            }
        }
        Vec::new()
    }
}

/// Plays them, up to where what is left of a sequence makes no sense any more.
pub(crate) fn played(pair: &mut Pair, deeds: &[Deed]) {
    for deed in deeds {
        if matches!(deed, Deed::Call(orders) if orders.iter().any(|order| pair.is_out_of_character(order))) {
            return;
        }
        deed.run(pair);
    }
}
