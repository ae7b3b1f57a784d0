// #[distributed_lock(name = "report", guard = held, renew = false)]
// fn report(_: Transaction) -> io::Result<u64> {
//     Ok(held.token())
// }

fn report(__unnamed_0: Transaction) -> io::Result<u64> {
    ::lock_core::__private::annotated! {
        "report" "report"["report"] Reentrant by_manager() by_manager()
    }
    let __lock_request = {
        let __lock_prefix = ::lock_core::__private::None;
        let __lock_name: &::lock_core::__private::str = "report";
        let __lock_name = ::lock_core::__private::Some(__lock_name);
        let __lock_wait = ::lock_core::__private::None;
        let __lock_expire = ::lock_core::__private::None;
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "report",
            },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: ::lock_core::__private::None,
            kind: ::lock_core::__private::LockKind::Reentrant,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: false,
            on_lost: ::lock_core::__private::OnLost::Cancel,
        };
        ::lock_core::__private::prepare(
            ::lock_core::__private::current(),
            __lock_settings,
            ::lock_core::__private::key(&[]),
        )
    };
    let __lock_outcome = ::lock_core::__private::outcome::<io::Result<u64>>();
    match ::lock_core::__private::acquire_blocking(__lock_request) {
        ::lock_core::__private::Ok(__lock_hold) => {
            let held = __lock_hold.held();
            __lock_hold
                .run_blocking(
                    __lock_outcome,
                    move || {
                        let _ = &__unnamed_0;
                        #[allow(
                            unreachable_code,
                            clippy::diverging_sub_expression,
                            clippy::empty_loop,
                            clippy::let_unit_value,
                            clippy::let_with_type_underscore,
                            clippy::needless_return,
                            clippy::unreachable
                        )]
                        if false {
                            let __lock_returned: io::Result<u64> = loop {};
                            return __lock_returned;
                        }
                        { Ok(held.token()) }
                    },
                )
        }
        ::lock_core::__private::Err(__lock_error) => __lock_outcome.failed(__lock_error),
    }
}
