// #[distributed_lock(name = "load")]
// fn load(id: u64) -> impl Future<Output = Result<impl AsRef<[u64]>, LockError>> + Send {
//     read(id)
// }

fn load(id: u64) -> impl Future<Output = Result<impl AsRef<[u64]>, LockError>> + Send {
    ::lock_core::__private::annotated! {
        "load" "load"["load"] Reentrant by_manager() by_manager()
    }
    async move {
        let _ = &id;
        let __lock_request = {
            let __lock_prefix = ::lock_core::__private::None;
            let __lock_name: &::lock_core::__private::str = "load";
            let __lock_name = ::lock_core::__private::Some(__lock_name);
            let __lock_wait = ::lock_core::__private::None;
            let __lock_expire = ::lock_core::__private::None;
            let __lock_max_hold = ::lock_core::__private::None;
            let __lock_hold_at_least = ::lock_core::__private::None;
            let __lock_settings = ::lock_core::__private::Settings {
                site: &::lock_core::__private::Site {
                    module_path: ::lock_core::__private::module_path!(),
                    function: "load",
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
                (&::lock_core::__private::Argument(&id)).__lock_arg("id"),
            ];
            ::lock_core::__private::prepare(
                __lock_manager,
                __lock_settings,
                __lock_key,
                __lock_arguments,
            )
        };
        let __lock_outcome = ::lock_core::__private::outcome::<Result<_, LockError>>();
        match ::lock_core::__private::acquire(__lock_request).await {
            ::lock_core::__private::Ok(__lock_hold) => {
                __lock_hold
                    .run(
                        __lock_outcome,
                        move || async move {
                            let _ = &id;
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
                                    let __lock_returned: _ = loop {};
                                    return __lock_returned;
                                }
                                { read(id) }
                            };
                            __lock_future.await.await
                        },
                    )
                    .await
            }
            ::lock_core::__private::Err(__lock_error) => {
                __lock_outcome.without_lock(__lock_error)
            }
        }
    }
}
