// #[distributed_lock(prefix = PREFIX, key = "{self.shop}:sku-{sku}", kind = "fair", locks = self.locks, on_lost = "finish")]
// /// Documented.
// #[inline]
// async fn sell<T: Send>(
//     &mut self,
//     sku: &str,
//     (amount, _): (u64, T),
// ) -> Result<&mut Self, LockError>
// where
//     T: Clone,
// {
//     self.left -= amount;
//     Ok(self)
// }

/// Documented.
#[inline]
async fn sell<T: Send>(
    &mut self,
    sku: &str,
    (amount, (__unnamed_0)): (u64, T),
) -> Result<&mut Self, LockError>
where
    T: Clone,
{
    ::lock_core::__private::annotated! {
        "sell" "{PREFIX}:{self.shop}:sku-{sku}"["{PREFIX}:{}:sku-{}"] Fair by_manager()
        by_manager()
    }
    let __lock_request = {
        let __lock_prefix: &::lock_core::__private::str = PREFIX;
        let __lock_prefix = ::lock_core::__private::Some(__lock_prefix);
        let __lock_name = ::lock_core::__private::None;
        let __lock_wait = ::lock_core::__private::None;
        let __lock_expire = ::lock_core::__private::None;
        let __lock_max_hold = ::lock_core::__private::None;
        let __lock_hold_at_least = ::lock_core::__private::None;
        let __lock_settings = ::lock_core::__private::Settings {
            site: &::lock_core::__private::Site {
                module_path: ::lock_core::__private::module_path!(),
                function: "sell",
            },
            prefix: __lock_prefix,
            name: __lock_name,
            delimiter: ::lock_core::__private::None,
            kind: ::lock_core::__private::LockKind::Fair,
            wait: __lock_wait,
            expire: __lock_expire,
            renew: true,
            max_hold: __lock_max_hold,
            hold_at_least: __lock_hold_at_least,
            on_lost: ::lock_core::__private::OnLost::Finish,
        };
        let __lock_manager = ::lock_core::__private::Some(
            ::lock_core::__private::AsManager::to_manager(&(self.locks)),
        );
        let __lock_key = match (&(self.shop), &(sku)) {
            (__lock_part_0, __lock_part_1) => {
                ::lock_core::__private::key(|__lock_out| {
                    ::lock_core::__private::LockKeyPart::write_part(
                        &*__lock_part_0,
                        __lock_out,
                    )?;
                    ::lock_core::__private::affixed(
                        "sku-",
                        "",
                        __lock_out,
                        |__lock_out| ::lock_core::__private::LockKeyPart::write_part(
                            &*__lock_part_1,
                            __lock_out,
                        ),
                    )?;
                    ::lock_core::__private::Ok(())
                })
            }
        };
        #[allow(unused_imports)]
        use ::lock_core::__private::{IsPart as _, NotPart as _};
        let __lock_arguments: &[::lock_core::__private::Arg<'_>] = &[
            (&::lock_core::__private::Argument(&self)).__lock_arg("self"),
            (&::lock_core::__private::Argument(&sku)).__lock_arg("sku"),
            (&::lock_core::__private::Argument(&amount)).__lock_arg("amount"),
        ];
        ::lock_core::__private::prepare(
            __lock_manager,
            __lock_settings,
            __lock_key,
            __lock_arguments,
        )
    };
    let __lock_outcome = ::lock_core::__private::outcome::<
        Result<&mut Self, LockError>,
    >();
    match ::lock_core::__private::acquire(__lock_request).await {
        ::lock_core::__private::Ok(__lock_hold) => {
            __lock_hold
                .run(
                    __lock_outcome,
                    move || async move {
                        #[allow(clippy::used_underscore_binding)]
                        let _ = &__unnamed_0;
                        let _ = &amount;
                        let _ = &sku;
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
                            let __lock_returned: Result<&mut Self, LockError> = loop {};
                            return __lock_returned;
                        }
                        {
                            self.left -= amount;
                            Ok(self)
                        }
                    },
                )
                .await
        }
        ::lock_core::__private::Err(__lock_error) => {
            __lock_outcome.without_lock(__lock_error)
        }
    }
}
