// #[distributed_lock(name = "points", wait = "0s", on_busy = Self::later)]
// async fn add(&mut self, Path(id): Path<u64>, amount: u64) -> Result<u64, LockError> {
//     Ok(id + amount)
// }

async fn add(&mut self, Path(id): Path<u64>, amount: u64) -> Result<u64, LockError> {
    ::lock_core::__private::annotated! {
        "add" "points"["points"] Reentrant literal(0u64, 0u32) by_manager()
    }
    let __lock_request = {
        let __lock_prefix = ::lock_core::__private::None;
        let __lock_name: &::lock_core::__private::str = "points";
        let __lock_name = ::lock_core::__private::Some(__lock_name);
        let __lock_wait: ::lock_core::__private::Duration = ::lock_core::__private::Duration::new(
            0u64,
            0u32,
        );
        let __lock_wait = ::lock_core::__private::Some(__lock_wait);
        let __lock_expire = ::lock_core::__private::None;
        let __lock_max_hold = ::lock_core::__private::None;
        let __lock_hold_at_least = ::lock_core::__private::None;
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "add",
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
        let __lock_arguments: &[::lock_core::__private::Arg<'_>] = &[
            (&::lock_core::__private::Argument(&self)).__lock_arg("self"),
            (&::lock_core::__private::Argument(&id)).__lock_arg("id"),
            (&::lock_core::__private::Argument(&amount)).__lock_arg("amount"),
        ];
        ::lock_core::__private::prepare(
            __lock_manager,
            __lock_settings,
            __lock_key,
            __lock_arguments,
        )
    };
    let __lock_outcome = ::lock_core::__private::outcome::<Result<u64, LockError>>();
    match ::lock_core::__private::acquire(__lock_request).await {
        ::lock_core::__private::Ok(__lock_hold) => {
            __lock_hold
                .run(
                    __lock_outcome,
                    move || async move {
                        let _ = &amount;
                        let _ = &id;
                        let _ = &self;
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
                            let __lock_returned: Result<u64, LockError> = loop {};
                            return __lock_returned;
                        }
                        { Ok(id + amount) }
                    },
                )
                .await
        }
        ::lock_core::__private::Err(__lock_error) if __lock_error.is_busy() => {
            let __lock_instead: Result<u64, LockError> = ::lock_core::__private::fallback(
                    Self::later(self, Path(id), amount),
                )
                .await;
            __lock_instead
        }
        ::lock_core::__private::Err(__lock_error) => {
            __lock_outcome.without_lock(__lock_error)
        }
    }
}
