// #[distributed_lock(name = "nightly", wait = "0s", on_busy = "skip", hold_at_least = "30s", max_hold = "10m")]
// fn nightly() {
//     work()
// }

fn nightly() {
    ::lock_core::__private::annotated! {
        "nightly" "nightly"["nightly"] Reentrant literal(0u64, 0u32) by_manager()
    }
    let __lock_request = {
        let __lock_prefix = ::lock_core::__private::None;
        let __lock_name: &::lock_core::__private::str = "nightly";
        let __lock_name = ::lock_core::__private::Some(__lock_name);
        let __lock_wait: ::lock_core::__private::Duration = ::lock_core::__private::Duration::new(
            0u64,
            0u32,
        );
        let __lock_wait = ::lock_core::__private::Some(__lock_wait);
        let __lock_expire = ::lock_core::__private::None;
        let __lock_max_hold: ::lock_core::__private::Duration = ::lock_core::__private::Duration::new(
            600u64,
            0u32,
        );
        let __lock_max_hold = ::lock_core::__private::Some(__lock_max_hold);
        let __lock_hold_at_least: ::lock_core::__private::Duration = ::lock_core::__private::Duration::new(
            30u64,
            0u32,
        );
        let __lock_hold_at_least = ::lock_core::__private::Some(__lock_hold_at_least);
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "nightly",
            },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: ::lock_core::__private::None,
            kind: ::lock_core::__private::LockKind::Reentrant,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: true,
            max_hold: __lock_max_hold,
            hold_at_least: __lock_hold_at_least,
            on_lost: ::lock_core::__private::OnLost::Cancel,
        };
        let __lock_manager = ::lock_core::__private::current();
        let __lock_key = match () {
            () => {
                ::lock_core::__private::key(|__lock_out| {
                    ::lock_core::__private::Ok(())
                })
            }
        };
        #[allow(unused_imports)]
        use ::lock_core::__private::{IsPart as _, NotPart as _};
        let __lock_arguments: &[::lock_core::__private::Arg<'_>] = &[];
        ::lock_core::__private::prepare(
            __lock_manager,
            __lock_settings,
            __lock_key,
            __lock_arguments,
        )
    };
    let __lock_outcome = ::lock_core::__private::skipping::<()>();
    match ::lock_core::__private::acquire_blocking(__lock_request) {
        ::lock_core::__private::Ok(__lock_hold) => {
            __lock_hold
                .run_blocking(
                    __lock_outcome,
                    move || {
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
                            let __lock_returned: () = loop {};
                            return __lock_returned;
                        }
                        { work() }
                    },
                )
        }
        ::lock_core::__private::Err(__lock_error) => {
            __lock_outcome.without_lock(__lock_error)
        }
    }
}
