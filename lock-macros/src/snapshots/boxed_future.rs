// #[distributed_lock(prefix = "shop", key = id, crate = ::locks)]
// fn sell<'a>(
//     &'a self,
//     id: u64,
// ) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + Send + 'a>> {
//     Box::pin(async move { Ok(()) })
// }

fn sell<'a>(
    &'a self,
    id: u64,
) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + Send + 'a>> {
    ::locks::__private::annotated! {
        "sell" "shop:{id}"["shop:{}"] Reentrant by_manager() by_manager()
    }
    ::locks::__private::Box::pin(async move {
        let _ = &id;
        let _ = &self;
        let __lock_request = {
            let __lock_prefix: &::locks::__private::str = "shop";
            let __lock_prefix = ::locks::__private::Some(__lock_prefix);
            let __lock_name = ::locks::__private::None;
            let __lock_wait = ::locks::__private::None;
            let __lock_expire = ::locks::__private::None;
            let __lock_max_hold = ::locks::__private::None;
            let __lock_hold_at_least = ::locks::__private::None;
            let __lock_settings = ::locks::__private::Settings {
                site: &::locks::__private::Site {
                    module_path: ::locks::__private::module_path!(),
                    function: "sell",
                },
                prefix: __lock_prefix,
                name: __lock_name,
                delimiter: ::locks::__private::None,
                kind: ::locks::__private::LockKind::Reentrant,
                wait: __lock_wait,
                expire: __lock_expire,
                renew: true,
                max_hold: __lock_max_hold,
                hold_at_least: __lock_hold_at_least,
                on_lost: ::locks::__private::OnLost::Cancel,
            };
            let __lock_manager = ::locks::__private::current();
            let __lock_key = match (&(id),) {
                (__lock_part_0,) => {
                    ::locks::__private::key(|__lock_out| {
                        ::locks::__private::LockKeyPart::write_part(
                            &*__lock_part_0,
                            __lock_out,
                        )?;
                        ::locks::__private::Ok(())
                    })
                }
            };
            #[allow(unused_imports)]
            use ::locks::__private::{IsPart as _, NotPart as _};
            let __lock_arguments: &[::locks::__private::Arg<'_>] = &[
                (&::locks::__private::Argument(&self)).__lock_arg("self"),
                (&::locks::__private::Argument(&id)).__lock_arg("id"),
            ];
            ::locks::__private::prepare(
                __lock_manager,
                __lock_settings,
                __lock_key,
                __lock_arguments,
            )
        };
        let __lock_outcome = ::locks::__private::outcome::<Result<(), LockError>>();
        match ::locks::__private::acquire(__lock_request).await {
            ::locks::__private::Ok(__lock_hold) => {
                __lock_hold
                    .run(
                        __lock_outcome,
                        move || async move {
                            let _ = &id;
                            let _ = &self;
                            #[allow(clippy::async_yields_async)]
                            let __lock_future = async move {
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
                                    let __lock_returned: Pin<
                                        Box<dyn Future<Output = Result<(), LockError>> + Send + 'a>,
                                    > = loop {};
                                    return __lock_returned;
                                }
                                { Box::pin(async move { Ok(()) }) }
                            };
                            __lock_future.await.await
                        },
                    )
                    .await
            }
            ::locks::__private::Err(__lock_error) => {
                __lock_outcome.without_lock(__lock_error)
            }
        }
    })
}
