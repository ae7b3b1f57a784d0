//! What a lock promises, on every backend: each test runs in memory and on every server found.

mod cancellation;
mod exclusion;
mod leases;
mod memory_clock;
mod names;
mod reentrancy;
mod shutdown;
mod survival;
mod tokens;
mod waiting;

use lock_tests::{Stage, each_server};

macro_rules! contract {
    (everywhere { $($module:ident { $($test:ident)* })* } on_servers { $($only:ident { $($server_test:ident)* })* }) => {
        mod in_memory {
            $(mod $module { $(
                #[test]
                fn $test() {
                    crate::Stage::memory().play(crate::$module::$test);
                }
            )* })*
        }
        mod on_servers {
            $(mod $module { $(
                #[test]
                fn $test() {
                    crate::each_server(|binary| crate::Stage::on(binary).play(crate::$module::$test));
                }
            )* })*
            $(mod $only { $(
                #[test]
                fn $server_test() {
                    crate::each_server(|binary| crate::Stage::on(binary).play(crate::$only::$server_test));
                }
            )* })*
        }
    };
}

contract! {
    everywhere {
        exclusion {
            many_tasks_hold_one_after_the_other
            bodies_of_one_name_never_run_at_once
            different_names_do_not_wait_for_each_other
            plain_threads_exclude_each_other
        }
        waiting {
            a_held_lock_is_busy_when_the_wait_is_over
            trying_once_tells_at_once
            busy_names_the_holder
            a_waiter_goes_on_when_the_lock_is_released
            waiters_are_served_in_the_order_of_their_arrival
            a_waiter_that_gave_up_is_passed_over
            a_short_wait_takes_a_free_lock
        }
        leases {
            a_lease_that_is_not_renewed_ends
            a_renewed_hold_outlives_many_leases
            the_loss_is_told_by_the_end_of_the_lease
            a_body_is_cancelled_with_its_lease
            a_body_that_ends_after_its_lease_is_told_so
            a_body_may_be_let_finish
            the_error_of_a_body_is_never_masked
            a_waiter_takes_over_when_a_lease_ends
        }
        reentrancy {
            a_nested_call_joins_the_hold
            a_hold_ends_with_its_outermost_call
            siblings_inside_a_hold_exclude_each_other
            a_spawned_task_is_not_nested
            a_guard_can_be_made_a_scope
            a_guard_by_hand_is_no_scope
            the_hold_is_known_inside_only
            plain_calls_nest
        }
        tokens {
            tokens_rise_from_hold_to_hold
        }
        cancellation {
            a_dropped_guard_frees_the_lock
            an_acquire_dropped_at_any_poll_leaves_nothing
            an_acquire_dropped_at_any_time_leaves_nothing
            a_waiter_dropped_at_any_poll_holds_nobody_up
            a_cancelled_call_drops_its_body_before_it_frees_the_lock
        }
        names {
            text_and_parts_meet_on_one_name
            other_parts_are_other_locks
            bad_names_are_errors_and_nothing_is_written
            bad_leases_are_errors_and_nothing_is_written
        }
        shutdown {
            a_manager_that_is_shut_down_refuses
            shutting_down_ends_the_wait_of_its_waiters
        }
    }
    on_servers {
        survival {
            tokens_rise_over_a_flush
            tokens_rise_over_a_crash_that_lost_everything
            namespaces_are_apart
            foreign_data_is_left_alone
            a_nested_call_asks_no_server
            an_uncontended_lock_costs_one_script_each_way
        }
    }
}
