//! Every receiver.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use lock_core::{LockError, distributed_lock};

#[derive(Default)]
struct Stock {
    id: u64,
    left: u64,
    names: Vec<String>,
}

impl Stock {
    const LIMIT: u64 = 5;

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_reference(&self) -> Result<u64, LockError> {
        Ok(self.left)
    }

    #[distributed_lock(prefix = "stock", key = "{self.id}:{Self::LIMIT}")]
    async fn by_mutable_reference(&mut self, amount: u64) -> Result<&mut Self, LockError> {
        self.left += amount;
        Ok(self)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    fn borrowed(&mut self) -> Result<&mut String, LockError> {
        self.names.push(String::new());
        Ok(self.names.last_mut().unwrap())
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_value(mut self) -> Result<Self, LockError> {
        self.left = 0;
        Ok(self)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_arc(self: Arc<Self>) -> Result<u64, LockError> {
        Ok(self.left)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_rc(self: &Rc<Self>) -> Result<u64, LockError> {
        Ok(self.left)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_pin(self: Pin<&mut Self>) -> Result<u64, LockError> {
        Ok(self.left)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_box(mut self: Box<Self>) -> Result<Box<Self>, LockError> {
        self.left += 1;
        Ok(self)
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    fn by_pinned_box(self: Pin<Box<Self>>, amount: u64) -> Result<Pin<Box<Self>>, LockError> {
        let mut stock = Pin::into_inner(self);
        stock.left += amount;
        Ok(Pin::new(stock))
    }

    #[distributed_lock(prefix = "stock", key = "self.id")]
    async fn by_reference_to_arc<'a>(self: &'a Arc<Self>) -> Result<&'a u64, LockError> {
        tokio::task::yield_now().await;
        Ok(&self.left)
    }

    #[distributed_lock(prefix = "stock", key = (self.id, other.id))]
    async fn longest<'a>(&'a self, other: &'a Self, _: &str) -> Result<&'a [String], LockError> {
        Ok(if self.names.len() < other.names.len() { &other.names } else { &self.names })
    }

    #[distributed_lock(name = "make")]
    async fn make() -> Result<Self, LockError> {
        Ok(Self::default())
    }
}

trait Refill {
    type Amount;
    fn refill(&mut self, amount: Self::Amount) -> Result<Self::Amount, LockError>;
    #[distributed_lock(name = "provided")]
    fn provided(&self) -> Result<u64, LockError> {
        Ok(1)
    }
}

impl Refill for Stock {
    type Amount = u64;
    #[distributed_lock(prefix = "refill", key = (self.id, amount))]
    fn refill(&mut self, amount: Self::Amount) -> Result<Self::Amount, LockError> {
        self.left += amount;
        Ok(self.left)
    }
}

#[test]
fn every_receiver_is_taken() {
    super::run(async {
        let mut stock = Stock::make().await.unwrap();
        assert_eq!(stock.by_mutable_reference(2).await.unwrap().left, 2);
        stock.borrowed().unwrap().push('x');
        assert_eq!(stock.names, ["x"]);
        assert_eq!(stock.refill(3).unwrap() + stock.provided().unwrap(), 6);
        assert_eq!(stock.by_reference().await.unwrap(), 5);
        assert_eq!(Pin::new(&mut stock).by_pin().await.unwrap(), 5);
        let stock = stock.by_value().await.unwrap();
        let stock = Box::new(stock).by_box().await.unwrap();
        let stock = Pin::new(stock).by_pinned_box(2).unwrap();
        let stock = Arc::new(*Pin::into_inner(stock));
        assert_eq!(*stock.by_reference_to_arc().await.unwrap(), 3);
        assert_eq!(stock.longest(&Stock::default(), "").await.unwrap(), ["x"]);
        let stock = Rc::new(Stock::default());
        assert_eq!(stock.by_rc().await.unwrap(), 0);
        assert_eq!(Arc::new(Stock::default()).by_arc().await.unwrap(), 0);
    });
}
