use std::time::Duration;

/// Every interval of the protocol. Tests shorten them; the defaults are what the documentation
/// promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// How long a request waits while its event is being loaded.
    pub load_wait: Duration,
    /// How long a loader may be silent before another takes over.
    pub load_lease: Duration,
    /// How long a confirm tries to learn the outcome of its insert, in its task.
    pub confirm_budget: Duration,
    /// How long a look is repeated when documents come and go meanwhile.
    pub look_budget: Duration,
    /// The first pause before a store is asked again; it doubles up to sixteen times this.
    pub retry_pause: Duration,
    /// The age from which a transfer is settled by any node.
    pub reconcile_age: Duration,
    /// How long after a load the event is audited: the longest an insert may be in flight.
    pub verify_after: Duration,
    /// How long a difference must last before an audit settles it.
    pub audit_confirm: Duration,
    /// How often followed events are swept.
    pub sweep_every: Duration,
    /// How often followed events are reconciled.
    pub reconcile_every: Duration,
    /// How often every event is swept, reconciled, audited and projected.
    pub round_every: Duration,
    /// How often a repository compares its indexes with what they must be, where others could
    /// change them.
    pub schema_check_every: Duration,
    /// How often the projection of what this node has changed is brought up to date.
    pub project_every: Duration,
    /// How long a writer of the projection may be silent before another takes over.
    pub project_lease: Duration,
    /// How often a live view is brought up to date when nothing hints at a change.
    pub poll_every: Duration,
    /// How long a read waits for a version of another node.
    pub at_least_wait: Duration,
    /// How long a view stays without a reader.
    pub view_idle: Duration,
    /// How long a handler waits for the task that does the work.
    pub answer_within: Duration,
    /// How long a stop waits for such tasks.
    pub drain_within: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let ms = Duration::from_millis;
        let seconds = Duration::from_secs;
        Self {
            load_wait: ms(1_500),
            load_lease: seconds(5),
            confirm_budget: seconds(8),
            look_budget: seconds(2),
            retry_pause: ms(25),
            reconcile_age: seconds(10),
            verify_after: seconds(15),
            audit_confirm: seconds(3),
            sweep_every: ms(250),
            reconcile_every: seconds(3),
            round_every: seconds(30),
            schema_check_every: seconds(60),
            project_every: seconds(1),
            project_lease: seconds(5),
            poll_every: seconds(1),
            at_least_wait: seconds(1),
            view_idle: seconds(600),
            answer_within: ms(1_500),
            drain_within: seconds(15),
        }
    }
}

/// The bounds of what one request and one user may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a hold lasts when the request does not say.
    pub hold_default: Duration,
    /// The shortest hold.
    pub hold_min: Duration,
    /// The longest hold, extensions included.
    pub hold_max: Duration,
    /// How many seats one request may hold or confirm.
    pub seats_per_hold_max: u32,
    /// How many seats of one event one user may hold at once.
    pub seats_per_user_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hold_default: Duration::from_secs(600),
            hold_min: Duration::from_secs(60),
            hold_max: Duration::from_secs(7_200),
            seats_per_hold_max: 50,
            seats_per_user_max: 50,
        }
    }
}

/// How much one step of a store reads or is told. Tests make it small, to have many steps: each is
/// taken as at least 1, and as at most its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Documents that a load or an audit reads.
    pub documents: usize,
    /// About so many items that a load tells the lock store.
    pub loaded_items: usize,
    /// Seats that a sweep frees.
    pub swept_seats: usize,
    /// Transfers that are settled in one round.
    pub transfers: usize,
    /// Changes that a view or the projection reads.
    pub changes: usize,
}

impl Pages {
    pub(crate) fn bounded(self) -> Self {
        let most = Self::default();
        Self {
            documents: self.documents.clamp(1, most.documents),
            loaded_items: self.loaded_items.clamp(1, most.loaded_items),
            swept_seats: self.swept_seats.clamp(1, most.swept_seats),
            transfers: self.transfers.clamp(1, most.transfers),
            changes: self.changes.clamp(1, most.changes),
        }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            documents: 1_000,
            loaded_items: 2_000,
            swept_seats: 500,
            transfers: 100,
            changes: 1_000,
        }
    }
}

/// Everything about a service that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The intervals of the protocol.
    pub timing: Timing,
    /// The bounds.
    pub limits: Limits,
    /// The sizes of steps.
    pub pages: Pages,
}
