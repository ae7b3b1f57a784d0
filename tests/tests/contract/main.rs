//! What a lock promises, in every place: each test runs in memory, and on servers of each version and in each arrangement.

mod annotated;
mod annotated_kinds;
mod annotated_leases;
mod annotated_times;
mod attribute;
mod bad_input;
mod cancellation;
mod connect;
mod crowd;
mod depth;
mod downgrade;
mod exclusion;
mod fair;
mod generators;
mod keeping;
mod kinds;
mod leases;
mod managers;
mod markers;
mod memory_clock;
mod mixed;
mod multi;
mod names;
mod nesting;
mod on_busy;
mod outcomes;
mod places;
mod plain;
mod plain_contended;
mod plain_losses;
mod read_write;
mod readers_leases;
mod red;
mod reentrancy;
mod shapes;
mod shutdown;
mod support;
mod survival;
mod tokens;
mod waiting;

/// A module of tests, each played at a place.
macro_rules! played {
    ($place:ident as $name:ident { $($module:ident { $($test:ident)* })* }) => {
        mod $name {
            $(mod $module { $(
                #[test]
                fn $test() {
                    crate::places::$place(&|stage| Box::pin(crate::$module::$test(stage)));
                }
            )* })*
        }
    };
}

/// The same for tests that want to know with which kind.
macro_rules! played_with {
    ($kind:ident at $place:ident as $name:ident { $($module:ident { $($test:ident)* })* }) => {
        mod $name {
            $(mod $module { $(
                #[test]
                fn $test() {
                    crate::places::$place(&|stage| {
                        Box::pin(crate::$module::$test(stage, crate::kinds::Kind::$kind))
                    });
                }
            )* })*
        }
    };
}

macro_rules! with_each_kind {
    ($place:ident $tests:tt) => {
        played_with! { Reentrant at $place as reentrant $tests }
        played_with! { Fair at $place as fair $tests }
        played_with! { Write at $place as write $tests }
        played_with! { OneOfMany at $place as one_of_many $tests }
        played_with! { Several at $place as several $tests }
    };
}

/// Every place but the masters of `red`, which keep no other kind.
macro_rules! contract {
    (
        of_every_kind $of_every_kind:tt
        of_every_queue $of_every_queue:tt
        in_one_place $in_one_place:tt
        everywhere $everywhere:tt
        on_one_server $on_one_server:tt
        on_masters $on_masters:tt
    ) => {
        mod in_memory {
            with_each_kind! { in_memory $of_every_kind }
            mod queues {
                with_each_kind! { in_memory $of_every_queue }
            }
            played! { in_memory as all $everywhere }
            played! { in_memory as one $in_one_place }
        }
        mod on_servers {
            with_each_kind! { on_servers $of_every_kind }
            mod queues {
                with_each_kind! { on_servers $of_every_queue }
            }
            played! { on_servers as all $everywhere }
            played! { on_servers as one $in_one_place }
            played! { on_servers as alone $on_one_server }
        }
        mod behind_sentinels {
            with_each_kind! { behind_sentinels $of_every_kind }
            mod queues {
                with_each_kind! { behind_sentinels $of_every_queue }
            }
            played! { behind_sentinels as all $everywhere }
        }
        mod on_a_cluster {
            with_each_kind! { on_a_cluster $of_every_kind }
            mod queues {
                with_each_kind! { on_a_cluster $of_every_queue }
            }
            played! { on_a_cluster as all $everywhere }
        }
        mod on_three_masters {
            played_with! { Red at on_three_masters as red $of_every_kind }
            played! { on_three_masters as all $on_masters }
        }
    };
}

contract! {
    of_every_kind {
        exclusion {
            many_tasks_hold_one_after_the_other
            bodies_of_one_name_never_run_at_once
            different_names_do_not_wait_for_each_other
            plain_threads_exclude_each_other
        }
        waiting {
            a_held_lock_is_busy_when_the_wait_is_over
            trying_once_tells_at_once
            a_waiter_goes_on_when_the_lock_is_released
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
            a_release_of_what_was_taken_away_says_so
        }
        tokens {
            tokens_rise_from_hold_to_hold
        }
        keeping {
            a_released_lock_is_not_free_before_its_time
            a_dropped_guard_keeps_the_lock_for_its_time
            an_acquire_that_is_given_up_keeps_nothing
            a_lost_hold_is_not_kept
            a_kept_hold_counts_on_its_own_lease_alone
            a_stuck_body_ends_with_its_longest_hold
        }
        cancellation {
            a_dropped_guard_frees_the_lock
            an_acquire_dropped_at_any_poll_leaves_nothing
            an_acquire_dropped_at_any_time_leaves_nothing
            a_waiter_dropped_at_any_poll_holds_nobody_up
            a_cancelled_call_drops_its_body_before_it_frees_the_lock
        }
    }
    of_every_queue {
        waiting {
            waiters_are_served_in_the_order_of_their_arrival
            a_waiter_that_gave_up_is_passed_over
            busy_names_the_holder
        }
    }
    in_one_place {
        managers {
            the_innermost_scope_says_which_manager
            a_spawned_task_has_the_scope_only_if_it_is_bound
            clones_are_one_manager
        }
    }
    everywhere {
        waiting {
            a_process_passes_its_lock_on_only_so_often
        }
        keeping {
            a_nested_call_prolongs_what_is_kept
            a_lock_is_kept_when_its_manager_is_gone
            bad_times_are_errors
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
        names {
            text_and_parts_meet_on_one_name
            other_parts_are_other_locks
            bad_names_are_errors_and_nothing_is_written
            bad_leases_are_errors_and_nothing_is_written
        }
        shutdown {
            a_manager_that_is_shut_down_refuses
            shutting_down_ends_the_wait_of_its_waiters
            shutting_down_waits_for_what_is_held
            shutting_down_reports_what_stays
            a_lock_whose_body_is_gone_is_free_when_shutting_down_returns
            shutting_down_frees_no_lock_under_a_body_that_goes_on
        }
        support {
            a_decorated_manager_keeps_the_contract
            a_failure_goes_through_a_decorator
            one_params_used_twice_at_once_is_two_requests
            params_say_what_the_lock_is_and_the_manager_the_rest
            the_holder_is_shown_with_function_and_correlation_id
        }
        attribute {
            the_attribute_and_by_hand_exclude_each_other
            a_success_after_the_lease_is_a_loss_and_an_error_stays
            without_renewal_the_body_ends_with_its_lease
            a_body_lives_as_long_as_its_lease_is_renewed
            arguments_are_dropped_before_the_lock_is_freed
            a_body_can_extend_the_lease_that_is_not_renewed
        }
        annotated_leases {
            a_body_that_is_not_renewed_ends_with_its_lease
            a_body_whose_lock_is_lost_is_cancelled
            a_body_whose_lock_is_lost_may_be_let_finish
            a_body_longer_than_its_lease_is_renewed
        }
        annotated_kinds {
            readers_let_readers_in_and_all_others_nobody
            writers_and_fair_calls_are_served_in_the_order_of_arrival
        }
        annotated_times {
            a_body_that_never_ends_is_ended_by_its_longest_hold
            a_plain_body_is_told_of_the_end_of_its_longest_hold
            a_call_that_returned_keeps_its_lock_for_its_time
            a_second_call_is_skipped_while_the_lock_is_kept
        }
        shapes {
            every_shape_of_function_runs_its_body_under_the_lock
            no_shape_of_function_runs_its_body_without_the_lock
        }
        outcomes {
            a_busy_call_is_skipped_or_left_to_another_function
            a_call_whose_condition_is_false_takes_no_lock
            a_generator_of_the_manager_wraps_the_keys_of_all_functions
        }
        on_busy {
            functions_without_a_result_are_skipped
            another_function_gets_the_very_arguments
        }
        generators {
            every_form_of_generator_makes_its_key_and_excludes_by_it
            a_generator_that_fails_takes_nothing
        }
        plain {
            plain_functions_work_outside_and_inside_of_every_runtime
            a_plain_wait_for_a_holder_on_the_same_thread_ends_busy_by_its_deadline
        }
        plain_contended {
            a_plain_call_gets_the_lock_of_a_holder_elsewhere_or_is_busy_in_time
            a_plain_call_does_not_deadlock_with_a_holder_of_its_runtime
            a_plain_call_gets_the_lock_of_a_task_that_can_go_on
        }
        plain_losses {
            a_plain_body_sees_the_end_of_its_lease
            a_plain_body_sees_that_its_lock_was_taken_away
        }
        nesting {
            annotated_calls_nest
            annotated_siblings_exclude_each_other
            what_an_annotated_function_spawns_does_not_inherit_its_lock
            tasks_that_run_inside_a_body_are_not_nested_in_it
            holds_around_a_call_are_found_by_name
        }
        bad_input {
            a_lease_out_of_range_is_refused
            a_key_that_names_nothing_is_refused
            fixed_text_with_forbidden_characters_is_refused
            odd_key_parts_are_encoded_and_lock
        }
        fair {
            tasks_of_several_processes_are_served_in_the_order_of_arrival
            attribute_by_hand_and_params_stand_in_one_queue
            nobody_has_a_second_turn_before_all_had_the_first
            callers_of_the_holders_process_do_not_overtake
            a_grant_beside_a_fair_waiter_is_not_passed_on
            a_fair_caller_is_not_passed_within_its_process
            a_waiter_that_leaves_takes_its_entry_along
            waiters_that_leave_do_not_change_the_order_of_the_rest
            a_waiter_dropped_at_any_poll_leaves_the_order
            the_order_is_kept_when_the_holder_dies
        }
        read_write {
            a_single_try_among_many_releases_is_answered
            readers_share
            a_writer_is_alone
            readers_and_writers_never_meet
            a_reader_behind_a_waiting_writer_waits
            neither_side_starves
            neighbouring_readers_are_served_together
            a_writer_that_gives_up_lets_the_readers_behind_it_in
            a_reader_dropped_at_any_poll_leaves_nothing
        }
        readers_leases {
            a_short_lease_beside_a_long_one_changes_neither
            a_reader_that_leaves_takes_only_its_own_lease_along
            renewed_readers_outlive_many_leases
            a_dead_reader_lets_the_writer_in_when_its_lease_is_over
            a_lost_reader_is_told
        }
        downgrade {
            a_writer_becomes_a_reader
            who_becomes_a_reader_lets_waiting_readers_in_and_no_writer
            who_became_a_reader_is_renewed
            a_change_dropped_at_any_poll_leaves_nothing
            a_lost_writer_does_not_become_a_reader
            a_reader_is_no_writer_that_could_become_a_reader
            every_other_kind_inside_a_read_lock_is_refused_at_once
            reading_inside_writing_joins
            reading_inside_reading_joins_though_a_writer_waits
            annotated_readers_and_writers_keep_the_same_rules
        }
        multi {
            all_are_held_and_all_are_given_back
            none_is_kept_if_one_is_busy
            a_call_waits_for_one_while_it_holds_smaller_ones_only
            opposite_orders_never_deadlock
            a_name_said_twice_is_one
            an_annotated_function_takes_all_or_does_not_run
            an_empty_list_is_an_error
            tokens_rise_for_each_name
            a_lease_that_is_not_renewed_begins_when_all_are_held
            one_lost_is_all_lost
            a_body_ends_with_the_first_that_is_lost
            inner_calls_join_what_is_held_and_take_the_rest
            several_read_locks_share
            params_name_several
            a_call_dropped_at_any_poll_leaves_nothing
        }
        mixed {
            every_two_kinds_exclude_each_other_unless_both_read
            every_kind_is_handed_the_lock_of_every_other
        }
        crowd {
            a_thousand_tasks_are_served_in_order
        }
    }
    on_one_server {
        survival {
            tokens_rise_over_a_flush
            tokens_rise_over_a_crash_that_lost_everything
            namespaces_are_apart
            foreign_data_is_left_alone
            a_nested_call_asks_no_server
            an_uncontended_lock_costs_one_script_each_way
            a_manager_has_few_connections_and_leaves_none
        }
        nesting {
            annotated_calls_that_nest_ask_no_server
        }
        bad_input {
            an_annotated_function_leaves_foreign_data_alone
        }
        multi {
            all_free_is_one_round_trip
            a_server_that_stands_still_makes_no_wait_longer
        }
        mixed {
            red_excludes_only_red
        }
        crowd {
            contention_between_processes_costs_two_scripts_for_each_hold
        }
    }
    on_masters {
        red {
            attribute_by_hand_and_params_meet
            masters_of_red_keep_no_other_kind
        }
        annotated_leases {
            a_body_that_is_not_renewed_ends_with_its_lease
            a_body_whose_lock_is_lost_is_cancelled
            a_body_whose_lock_is_lost_may_be_let_finish
            a_body_longer_than_its_lease_is_renewed
        }
        annotated_kinds {
            readers_let_readers_in_and_all_others_nobody
        }
        annotated_times {
            a_body_that_never_ends_is_ended_by_its_longest_hold
            a_plain_body_is_told_of_the_end_of_its_longest_hold
            a_call_that_returned_keeps_its_lock_for_its_time
        }
    }
}
