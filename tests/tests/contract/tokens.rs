use lock_tests::Stage;

pub(crate) async fn tokens_rise_from_hold_to_hold(stage: &Stage) {
    let managers = [stage.manager().await, stage.manager().await];
    let mut last = 0;
    for round in 0..50 {
        let guard = managers[round % 2].lock("a").acquire().await.expect("it is free");
        assert!(guard.token() > last, "{} after {last}", guard.token());
        last = guard.token();
        assert_eq!(guard.held().token(), last);
        guard.release().await.expect("it is held");
    }
}
