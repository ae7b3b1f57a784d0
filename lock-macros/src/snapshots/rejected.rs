// #[distributed_lock(prefx = "order", key = "order_id", guard = held)]
// async fn pay(order_id: u64) -> Result<Receipt, PayError> {
//     charge(order_id, held).await
// }

::core::compile_error! {
    "unknown argument `prefx`: did you mean `prefix`, as in `prefix = \"order\"`?"
}
#[allow(unused, unreachable_code, clippy::all)]
async fn pay(order_id: u64) -> Result<Receipt, PayError> {
    let held: ::lock_core::__private::Held = loop {};
    charge(order_id, held).await
}
