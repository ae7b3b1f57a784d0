// #[distributed_lock(prefix = "account", keys = [from, (to, 1)])]
// async fn transfer(from: String, to: String) -> Result<(), LockError> {
//     Ok(())
// }

async fn transfer(from: String, to: String) -> Result<(), LockError> {
    ::lock_core::__private::annotated! {
        "transfer" "account:{from} + account:{to}:{1}"["account:{}" "account:{}:{}"]
        Multi by_manager() by_manager()
    }
    let __lock_request = {
        let __lock_prefix: &::lock_core::__private::str = "account";
        let __lock_prefix = ::lock_core::__private::Some(__lock_prefix);
        let __lock_name = ::lock_core::__private::None;
        let __lock_wait = ::lock_core::__private::None;
        let __lock_expire = ::lock_core::__private::None;
        let __lock_max_hold = ::lock_core::__private::None;
        let __lock_hold_at_least = ::lock_core::__private::None;
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "transfer",
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
        let __lock_key = ::lock_core::__private::listed_keys([
            match (&(from),) {
                (__lock_part_0,) => {
                    ::lock_core::__private::key(|__lock_out| {
                        ::lock_core::__private::LockKeyPart::write_part(
                            &*__lock_part_0,
                            __lock_out,
                        )?;
                        ::lock_core::__private::Ok(())
                    })
                }
            },
            match (&(to), &(1)) {
                (__lock_part_0, __lock_part_1) => {
                    ::lock_core::__private::key(|__lock_out| {
                        ::lock_core::__private::LockKeyPart::write_part(
                            &*__lock_part_0,
                            __lock_out,
                        )?;
                        ::lock_core::__private::LockKeyPart::write_part(
                            &*__lock_part_1,
                            __lock_out,
                        )?;
                        ::lock_core::__private::Ok(())
                    })
                }
            },
        ]);
        #[allow(unused_imports)]
        use ::lock_core::__private::{IsPart as _, NotPart as _};
        let __lock_arguments: &[::lock_core::__private::Arg<'_>] = &[
            (&::lock_core::__private::Argument(&from)).__lock_arg("from"),
            (&::lock_core::__private::Argument(&to)).__lock_arg("to"),
        ];
        ::lock_core::__private::prepare_all(
            __lock_manager,
            __lock_settings,
            __lock_key,
            __lock_arguments,
        )
    };
    let __lock_outcome = ::lock_core::__private::outcome::<Result<(), LockError>>();
    match ::lock_core::__private::acquire(__lock_request).await {
        ::lock_core::__private::Ok(__lock_hold) => {
            __lock_hold
                .run(
                    __lock_outcome,
                    move || async move {
                        let _ = &to;
                        let _ = &from;
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
                            let __lock_returned: Result<(), LockError> = loop {};
                            return __lock_returned;
                        }
                        { Ok(()) }
                    },
                )
                .await
        }
        ::lock_core::__private::Err(__lock_error) => {
            __lock_outcome.without_lock(__lock_error)
        }
    }
}
