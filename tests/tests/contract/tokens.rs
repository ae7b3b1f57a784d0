use lock_tests::Stage;

use crate::kinds::{Kind, token_of};

pub(crate) async fn tokens_rise_from_hold_to_hold(stage: &Stage, kind: Kind) {
    let managers = [stage.manager().await, stage.manager().await];
    let mut last = 0;
    for round in 0..50 {
        let guard = kind.lock(&managers[round % 2], "a").acquire().await.expect("it is free");
        assert!(token_of(&guard, "a") > last, "{} after {last}", token_of(&guard, "a"));
        last = token_of(&guard, "a");
        assert_eq!(guard.held().tokens(), guard.tokens());
        guard.release().await.expect("it is held");
    }
}
