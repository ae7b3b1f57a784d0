// #[distributed_lock(prefix = "stock", keys = items.iter().map(|item| item.sku), kind = "read")]
// fn count(items: &[Item]) -> Result<usize, LockError> {
//     Ok(items.len())
// }

fn count(items: &[Item]) -> Result<usize, LockError> {
    ::lock_core::__private::annotated! {
        "count" "stock:{items.iter().map(|item|item.sku)..}"["stock:{}"] Read
        by_manager() by_manager()
    }
    let __lock_request = {
        let __lock_prefix: &::lock_core::__private::str = "stock";
        let __lock_prefix = ::lock_core::__private::Some(__lock_prefix);
        let __lock_name = ::lock_core::__private::None;
        let __lock_wait = ::lock_core::__private::None;
        let __lock_expire = ::lock_core::__private::None;
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "count",
            },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: ::lock_core::__private::None,
            kind: ::lock_core::__private::LockKind::Read,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: true,
            on_lost: ::lock_core::__private::OnLost::Cancel,
        };
        ::lock_core::__private::prepare_all(
            ::lock_core::__private::current(),
            __lock_settings,
            ::lock_core::__private::iterated_keys((items.iter().map(|item| item.sku))),
        )
    };
    let __lock_outcome = ::lock_core::__private::outcome::<Result<usize, LockError>>();
    match ::lock_core::__private::acquire_blocking(__lock_request) {
        ::lock_core::__private::Ok(__lock_hold) => {
            __lock_hold
                .run_blocking(
                    __lock_outcome,
                    move || {
                        let _ = &items;
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
                            let __lock_returned: Result<usize, LockError> = loop {};
                            return __lock_returned;
                        }
                        { Ok(items.len()) }
                    },
                )
        }
        ::lock_core::__private::Err(__lock_error) => __lock_outcome.failed(__lock_error),
    }
}
