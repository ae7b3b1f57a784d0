//! A handler of a web framework is a function whose parameters are patterns and whose future must be `Send`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use lock_core::{LockError, LockManager, distributed_lock};
use tower_service::Service;

#[derive(Clone)]
struct Shop {
    name: Arc<str>,
    locks: LockManager,
}

enum ShopError {
    Lock(LockError),
    SoldOut,
}

impl From<LockError> for ShopError {
    fn from(error: LockError) -> Self {
        Self::Lock(error)
    }
}

impl IntoResponse for ShopError {
    fn into_response(self) -> Response {
        match self {
            Self::Lock(error) if error.is_busy() => StatusCode::CONFLICT.into_response(),
            Self::Lock(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
            Self::SoldOut => StatusCode::GONE.into_response(),
        }
    }
}

#[distributed_lock(prefix = "sale", key = "{tenant}:{item}", wait = "0s", locks = shop.locks, guard = held)]
async fn sell(
    State(shop): State<Shop>,
    Path((tenant, item)): Path<(u64, String)>,
    body: String,
) -> Result<String, ShopError> {
    tokio::task::yield_now().await;
    if body == "0" {
        return Err(ShopError::SoldOut);
    }
    Ok(format!("{} sells {body} of {item} for {tenant} under {}", shop.name, held.name()))
}

#[distributed_lock(prefix = "sale", key = id, locks = shop.locks)]
async fn show(State(shop): State<Shop>, Path(id): Path<u64>) -> Result<impl IntoResponse, ShopError> {
    Ok((StatusCode::ACCEPTED, format!("{id} of {}", shop.name)))
}

async fn answer(router: &mut Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.call(request).await.unwrap_or_else(|never| match never {});
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 16).await.expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[test]
fn a_handler_runs_under_its_lock() {
    super::run(async {
        let locks = LockManager::connect("memory:").await.unwrap();
        let shop = Shop { name: "corner".into(), locks: locks.clone() };
        let mut router =
            Router::new().route("/{tenant}/{item}", post(sell)).route("/{id}", get(show)).with_state(shop);
        let sale =
            |amount: &'static str| Request::post("/3/tea").body(Body::from(amount)).expect("a request");

        let (status, text) = answer(&mut router, sale("2")).await;
        assert_eq!((status, &*text), (StatusCode::OK, "corner sells 2 of tea for 3 under LOCK:sale:3:tea"));
        assert_eq!(answer(&mut router, sale("0")).await.0, StatusCode::GONE);

        let held = locks.lock(("sale", 3, "tea")).acquire().await.unwrap();
        assert_eq!(answer(&mut router, sale("1")).await.0, StatusCode::CONFLICT);
        held.release().await.unwrap();

        let show = Request::get("/7").body(Body::empty()).expect("a request");
        assert_eq!(answer(&mut router, show).await, (StatusCode::ACCEPTED, "7 of corner".to_owned()));
    });
}
