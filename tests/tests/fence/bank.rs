//! Accounts in a database that knows of locks only what the documented statements tell it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Transaction, named_params, params};

use crate::documented::Statements;

/// The database. Each method is one transaction, so nothing is kept apart between reading and writing but by a lock.
#[derive(Clone, Debug)]
pub(crate) struct Bank(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Mutex<Connection>,
    statements: Statements,
}

/// A token as a `BIGINT`.
fn big(token: u64) -> i64 {
    i64::try_from(token).expect("tokens fit until 2112")
}

impl Bank {
    /// Accounts of these names with so many cents each, migrated by the documented statement.
    pub(crate) fn open(accounts: &[&str], cents: i64) -> Self {
        let statements = Statements::of_readme();
        let database = Connection::open_in_memory().expect("a database");
        let tables = "CREATE TABLE accounts (id TEXT PRIMARY KEY, cents BIGINT NOT NULL);
                      CREATE TABLE orders (id BIGINT PRIMARY KEY, state TEXT NOT NULL, lock_token BIGINT NOT NULL DEFAULT 0);";
        database.execute_batch(tables).expect("tables");
        for account in accounts {
            database
                .execute("INSERT INTO accounts (id, cents) VALUES (?, ?)", params![account, cents])
                .expect("a row");
        }
        database.execute_batch(&statements.migration).expect("the documented migration");
        Self(Arc::new(Inner { database: Mutex::new(database), statements }))
    }

    /// The documented claim: what the account holds; `None` if a later holder was here.
    pub(crate) fn claim(&self, account: &str, token: u64) -> Option<i64> {
        let claim = &self.0.statements.claim;
        self.database()
            .query_row(claim, named_params! { "$1": big(token), "$2": account }, |row| row.get(0))
            .optional()
            .expect("a claim")
    }

    /// The documented write to all these accounts, or none; `false` if a later holder of one was here.
    pub(crate) fn write(&self, changes: &[(&str, u64, i64)]) -> bool {
        let write = |transaction: &Transaction<'_>, (account, token, cents): &(&str, u64, i64)| {
            let values = named_params! { "$1": big(*token), "$2": account, "$3": cents };
            let written = transaction.execute(&self.0.statements.write, values);
            written.expect("a write") == 1
        };
        let mut database = self.database();
        let transaction = database.transaction().expect("a transaction");
        let all = changes.iter().all(|change| write(&transaction, change));
        if all {
            transaction.commit().expect("it commits");
        }
        all
    }

    /// Reads without claiming.
    pub(crate) fn read(&self, account: &str) -> i64 {
        let read = "SELECT cents FROM accounts WHERE id = ?";
        self.database().query_row(read, [account], |row| row.get(0)).expect("an account")
    }

    /// Writes under the condition of the documented blind write, though it has read: what the claim is there to replace.
    pub(crate) fn write_blindly(&self, account: &str, token: u64, cents: i64) -> bool {
        let blind = "UPDATE accounts SET cents = $3, lock_token = $1 WHERE id = $2 AND lock_token <= $1";
        let values = named_params! { "$1": big(token), "$2": account, "$3": cents };
        self.database().execute(blind, values).expect("a write") == 1
    }

    /// An order in this state.
    pub(crate) fn order(&self, order: i64, state: &str) {
        let insert = "INSERT INTO orders (id, state) VALUES (?, ?)";
        self.database().execute(insert, params![order, state]).expect("a row");
    }

    /// The documented blind write; `false` if a later holder was here.
    pub(crate) fn mark_paid(&self, order: i64, token: u64) -> bool {
        let values = named_params! { "$1": big(token), "$2": order };
        self.database().execute(&self.0.statements.blind, values).expect("a write") == 1
    }

    pub(crate) fn state(&self, order: i64) -> String {
        let read = "SELECT state FROM orders WHERE id = ?";
        self.database().query_row(read, [order], |row| row.get(0)).expect("an order")
    }

    /// The sum of all accounts.
    pub(crate) fn total(&self) -> i64 {
        self.database().query_row("SELECT SUM(cents) FROM accounts", [], |row| row.get(0)).expect("a sum")
    }

    fn database(&self) -> MutexGuard<'_, Connection> {
        self.0.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
