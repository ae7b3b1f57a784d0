// #[distributed_lock(prefix = "order", key_generator = ByTenant, when = amount > 100, guard = held)]
// async fn pay(order: Order, amount: u64) -> Result<(), LockError> {
//     order.pay(held.map(|held| held.token()))
// }

async fn pay(order: Order, amount: u64) -> Result<(), LockError> {
    ::lock_core::__private::annotated! {
        "pay" "order:{ByTenant}"["order:{ByTenant}"] Reentrant by_manager() by_manager()
    }
    let __lock_request = {
        let __lock_when: ::lock_core::__private::bool = amount > 100;
        if __lock_when {
            ::lock_core::__private::Some({
                let __lock_prefix: &::lock_core::__private::str = "order";
                let __lock_prefix = ::lock_core::__private::Some(__lock_prefix);
                let __lock_name = ::lock_core::__private::None;
                let __lock_wait = ::lock_core::__private::None;
                let __lock_expire = ::lock_core::__private::None;
                let __lock_max_hold = ::lock_core::__private::None;
                let __lock_hold_at_least = ::lock_core::__private::None;
                let __lock_settings = ::lock_core::__private::Settings {
                    site: &::lock_core::__private::Site {
                        module_path: ::lock_core::__private::module_path!(),
                        function: "pay",
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
                    (&::lock_core::__private::Argument(&order)).__lock_arg("order"),
                    (&::lock_core::__private::Argument(&amount)).__lock_arg("amount"),
                ];
                #[allow(unused_imports)]
                use ::lock_core::__private::{
                    IsGenerator as _, NoGenerator as _, PointsToGenerator as _,
                    PointsTwiceToGenerator as _,
                };
                let __lock_key = ::lock_core::__private::generate(
                    &__lock_settings,
                    __lock_key,
                    __lock_arguments,
                    |__lock_call| {
                        (&&&&::lock_core::__private::Generator(&(ByTenant)))
                            .__lock_keys(__lock_call)
                    },
                );
                ::lock_core::__private::prepare_generated(
                    __lock_manager,
                    __lock_settings,
                    __lock_key,
                    __lock_arguments,
                )
            })
        } else {
            ::lock_core::__private::None
        }
    };
    let __lock_outcome = ::lock_core::__private::outcome::<Result<(), LockError>>();
    match ::lock_core::__private::acquire_when(__lock_request).await {
        ::lock_core::__private::Ok(__lock_hold) => {
            let held = __lock_hold.held();
            __lock_hold
                .run(
                    __lock_outcome,
                    move || async move {
                        let _ = &amount;
                        let _ = &order;
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
                        { order.pay(held.map(|held| held.token())) }
                    },
                )
                .await
        }
        ::lock_core::__private::Err(__lock_error) => {
            __lock_outcome.without_lock(__lock_error)
        }
    }
}
