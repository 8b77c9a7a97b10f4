//! The shares of waiting operations: the selection of the operations that a claim takes, in the turn of their owners.
//!
//! A claim serves the owners in turn: among operations of one priority, each owner gets one operation before any owner
//! gets a second one. The next claim begins after the owner that was served last with this priority. An owner with many
//! waiting operations therefore does not delay other owners.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, Statement, Value,
    sea_query::{Expr, LockBehavior, LockType, Order, Query, SelectStatement, UnionType},
};

use super::{Column, Entity, Model, Store, StoreError, transition::is_in};
use crate::operation::{OperationState, UserId};

/// The number of operations of each owner that a claim may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnerLimits<'a> {
    /// The maximum number of operations of one owner that this process runs.
    pub running_max: u64,
    /// The number of operations of each owner that this process runs now.
    pub running: &'a HashMap<UserId, u64>,
    /// The turn of the owners, kept between the claims of a worker.
    pub turn: &'a OwnerTurn,
}

/// The owner that the claims of a worker served last, for each priority: operations of a higher priority, which arrive
/// between the others, do not change the turn of the others.
#[derive(Debug, Default)]
pub(crate) struct OwnerTurn(Mutex<BTreeMap<i32, String>>);

impl OwnerTurn {
    fn last(&self) -> BTreeMap<i32, String> {
        self.lock().clone()
    }

    /// Records the shares of a claim, in the order in which they are served.
    fn advance(&self, shares: &[(Share, u64)]) {
        let mut turns = self.lock();
        for (share, _) in shares {
            turns.insert(share.priority, share.owner.clone());
        }
        while turns.len() > TURNS_LEN_MAX {
            // The highest priority has few waiting operations, and needs its turn least.
            turns.pop_last();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnerLimits<'_> {
    /// Returns the number of operations of `owner` that a claim may take.
    fn allowance(&self, owner: &str) -> u64 {
        let running = self.running.get(&UserId::from(owner)).copied().unwrap_or_default();
        self.running_max.saturating_sub(running)
    }

    /// Returns the owners that may start no operation now.
    fn exhausted(&self) -> impl Iterator<Item = &UserId> {
        let max = self.running_max;
        self.running.iter().filter(move |(_, running)| **running >= max).map(|(owner, _)| owner)
    }
}

/// The operations of one type that wait in one queue, with inputs of one version. A worker claims from the lines that
/// it can read, so operations of another version cost a claim nothing, however many wait.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromQueryResult)]
pub(super) struct Line {
    pub(super) queue: String,
    pub(super) op_type: String,
    pub(super) payload_version: i32,
}

/// The waiting operations of one owner and one priority in one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromQueryResult)]
pub(super) struct Share {
    queue: String,
    op_type: String,
    payload_version: i32,
    priority: i32,
    owner: String,
}

/// The operations that a claim takes.
#[derive(Debug, Default)]
pub(super) struct Picked {
    /// The shares, each with a number of operations, in the order in which the claim serves the last operation of each.
    pub(super) shares: Vec<(Share, u64)>,
    /// The number of operations that certainly wait in these shares.
    pub(super) known: u64,
}

/// A share, with the part of the recursion that found it.
#[derive(Debug, FromQueryResult)]
struct FoundShare {
    #[sea_orm(nested)]
    share: Share,
    /// `true` if the recursion began at the first owner, `false` if it began at the turn.
    is_first_lap: bool,
}

/// Maximum number of priorities whose turns a worker remembers.
const TURNS_LEN_MAX: usize = 16;

/// The lines with an operation that is ready. Reads at most four entries of the index for each line, however many
/// operations wait: each step of the recursion finds the next version of the type, or else the next type in the queue,
/// or else the first type in the next queue. SQLite would search the index by the queue alone for
/// `(queue, op_type) > (…)`.
pub(super) const LINES: &str = "\
    WITH RECURSIVE line (queue, op_type, payload_version) AS ( \
        SELECT * FROM ( \
            SELECT queue, op_type, payload_version FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            ORDER BY queue, op_type, payload_version LIMIT 1 \
        ) AS first \
        UNION ALL \
        SELECT following.queue, following.op_type, following.payload_version \
        FROM line JOIN liveops_operation AS following ON following.id = COALESCE( \
            (SELECT id FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            AND queue = line.queue AND op_type = line.op_type AND payload_version > line.payload_version \
            ORDER BY payload_version LIMIT 1), \
            (SELECT id FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            AND queue = line.queue AND op_type > line.op_type ORDER BY op_type, payload_version LIMIT 1), \
            (SELECT id FROM liveops_operation \
            WHERE started_on IS NULL AND finished_on IS NULL AND run_after IS NULL \
            AND queue > line.queue ORDER BY queue, op_type, payload_version LIMIT 1) \
        ) \
    ) \
    SELECT queue, op_type, payload_version FROM line";

impl Store {
    /// Returns the lines with an operation that is ready.
    pub(super) async fn lines(&self) -> Result<Vec<Line>, StoreError> {
        let statement = Statement::from_string(self.backend(), LINES);
        Line::find_by_statement(statement)
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the queues with waiting operations"))
    }

    /// Picks the next `limit` operations of these lines, apart from `locked` shares, and advances the turn of the
    /// owners.
    pub(super) async fn pick(
        &self,
        lines: &[Line],
        owners: OwnerLimits<'_>,
        limit: u64,
        (claimed, locked): (&[Model], &HashSet<Share>),
    ) -> Result<Picked, StoreError> {
        let claimed_of =
            |owner: &str| claimed.iter().filter(|row| row.owner == owner).count() as u64;
        let allowance = |owner: &str| owners.allowance(owner).saturating_sub(claimed_of(owner));
        let mut shares = self.shares(lines, owners, limit + locked.len() as u64).await?;
        shares.retain(|share| allowance(&share.owner) > 0 && !locked.contains(share));
        // Sorts the first share of each owner before the second share of any owner.
        let mut of_owner: HashMap<String, usize> = HashMap::new();
        let mut placed: Vec<(std::cmp::Reverse<i32>, usize, Share)> = Vec::new();
        for share in shares {
            let place = of_owner.entry(share.owner.clone()).or_default();
            *place += 1;
            placed.push((std::cmp::Reverse(share.priority), *place, share));
        }
        // The sort is stable, so shares of equal rank keep their turn.
        placed.sort_by_key(|(priority, place, _)| (*priority, *place));
        placed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let shares: Vec<Share> = placed.into_iter().map(|(_, _, share)| share).collect();
        let picked = match &shares[..] {
            [] => Picked::default(),
            // No other share waits, so the count of the waiting operations is not necessary.
            [share] => {
                let count = limit.min(allowance(&share.owner));
                Picked { shares: vec![(share.clone(), count)], known: 1 }
            }
            [first, ..] if limit == 1 => Picked { shares: vec![(first.clone(), 1)], known: 1 },
            shares => {
                let shares = self.next_in(shares, allowance, limit).await?;
                let known = shares.iter().map(|(_, count)| count).sum();
                Picked { shares, known }
            }
        };
        owners.turn.advance(&picked.shares);
        Ok(picked)
    }

    /// Returns the shares of the next operations of each line, in the order of the turn.
    ///
    /// Each step of the recursion finds the next owner in the index, or the first owner of the next priority. The first
    /// lap begins at the first owner, so that it misses no priority. The second lap begins, in each priority, after the
    /// owner that was served last. The cost of a lap does not depend on the number of waiting operations. An owner that
    /// may start no operation now costs one step for each of its priorities.
    async fn shares(
        &self,
        lines: &[Line],
        owners: OwnerLimits<'_>,
        limit: u64,
    ) -> Result<Vec<Share>, StoreError> {
        if lines.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let turns = owners.turn.last();
        let exhausted: Vec<Value> =
            owners.exhausted().map(|owner| Value::from(owner.as_str())).collect();
        let sql = shares_sql(lines.len(), turns.len(), exhausted.len(), limit);
        let mut values: Vec<Value> = Vec::new();
        for (priority, owner) in turns {
            values.extend([priority.into(), owner.into()]);
        }
        values.extend(exhausted);
        for line in lines {
            let Line { queue, op_type, payload_version } = line;
            values.extend([queue.into(), op_type.into(), (*payload_version).into()]);
        }
        let statement = Statement::from_sql_and_values(self.backend(), sql, values);
        let found = FoundShare::find_by_statement(statement)
            .all(self.statements())
            .await
            .map_err(StoreError::of("read the owners of waiting operations"))?;
        // If a line has more shares than were read, they are complete only down to the lowest priority of the first
        // lap.
        let mut first_laps: HashMap<Line, (u64, i32)> = HashMap::new();
        for FoundShare { share, .. } in found.iter().filter(|found| found.is_first_lap) {
            let lap = first_laps.entry(share.line()).or_insert((0, i32::MAX));
            *lap = (lap.0 + 1, lap.1.min(share.priority));
        }
        let is_known = |share: &Share| {
            let lap = first_laps.get(&share.line());
            lap.is_some_and(|(count, lowest)| *count < limit || share.priority >= *lowest)
        };
        let mut seen = HashSet::new();
        let shares = found.into_iter().map(|found| found.share);
        Ok(shares.filter(|share| is_known(share) && seen.insert(share.clone())).collect())
    }

    /// Returns the shares of the next `limit` operations, each with the number of its operations. The order is that of
    /// the last operation of each share.
    async fn next_in(
        &self,
        shares: &[Share],
        allowance: impl Fn(&str) -> u64,
        limit: u64,
    ) -> Result<Vec<(Share, u64)>, StoreError> {
        let first =
            |(turn, share): (usize, &Share)| first_in(share, turn, allowance(&share.owner), limit);
        let Some(next) = union(shares.iter().enumerate().map(first)) else { return Ok(Vec::new()) };
        let place = "ROW_NUMBER() OVER (PARTITION BY owner ORDER BY priority DESC, id)";
        let placed = Query::select()
            .expr(Expr::cust("*"))
            .expr_as(Expr::cust(place), "place")
            .from_subquery(next, "next")
            .take();
        let next = Query::select()
            .columns([
                Column::Queue,
                Column::OpType,
                Column::PayloadVersion,
                Column::Priority,
                Column::Owner,
            ])
            .from_subquery(placed, "placed")
            .and_where(Expr::cust("place <= allowance"))
            .order_by(Column::Priority, Order::Desc)
            .order_by_expr(Expr::cust("place"), Order::Asc)
            .order_by_expr(Expr::cust("turn"), Order::Asc)
            .order_by(Column::Id, Order::Asc)
            .limit(limit)
            .take();
        let next = self.statements().query_all(&next).await;
        let next = next.and_then(|rows| {
            rows.iter().map(|row| Share::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()
        });
        let mut counts: Vec<(Share, u64)> = Vec::new();
        for share in next.map_err(StoreError::of("read the next operations"))? {
            let before = counts.iter().position(|(known, _)| *known == share);
            let count = before.map_or(0, |at| counts.remove(at).1);
            counts.push((share, count + 1));
        }
        Ok(counts)
    }
}

impl Share {
    /// Returns `true` for an operation of this share.
    pub(super) fn contains(&self, row: &Model) -> bool {
        (&*self.queue, &*self.op_type, self.payload_version, self.priority, &*self.owner)
            == (&*row.queue, &*row.op_type, row.payload_version, row.priority, &*row.owner)
    }

    fn line(&self) -> Line {
        let Self { queue, op_type, payload_version, .. } = self;
        Line { queue: queue.clone(), op_type: op_type.clone(), payload_version: *payload_version }
    }
}

/// Returns the query of [`Store::shares`]. Its parameters are the priority and the owner of each turn, the exhausted
/// owners, and the queue, the op type and the version of each line.
pub(super) fn shares_sql(lines: usize, turns: usize, exhausted: usize, len: u64) -> String {
    let owners: Vec<String> =
        (0..exhausted).map(|owner| format!("${}", 2 * turns + owner + 1)).collect();
    let is_exhausted = |owner: &str| match &owners[..] {
        [] => "1 = 0".to_owned(),
        owners => format!("{owner} IN ({})", owners.join(", ")),
    };
    let counted = |owner: &str| format!("CASE WHEN {} THEN 0 ELSE 1 END", is_exhausted(owner));
    let (first, following) = (counted("owner"), counted("following.owner"));
    // The owner that was served last with a priority.
    let turn = |priority: &str| {
        let turns: String = (0..turns)
            .map(|turn| format!(" WHEN {priority} = ${} THEN ${}", 2 * turn + 1, 2 * turn + 2))
            .collect();
        if turns.is_empty() { "''".to_owned() } else { format!("CASE{turns} ELSE '' END") }
    };
    let shares_turn = turn("share.priority");
    // Behind the first owner of a priority, the second lap continues at the turn.
    let from_turn = format!(
        "CASE WHEN share.is_first AND share.owner < {shares_turn} THEN {shares_turn} ELSE share.owner END"
    );
    let laps = (0..lines).flat_map(|line| {
        let queue = 2 * turns + exhausted + 3 * line + 1;
        let (op_type, version) = (queue + 1, queue + 2);
        let ready = format!(
            "FROM liveops_operation WHERE started_on IS NULL AND finished_on IS NULL \
             AND run_after IS NULL AND queue = ${queue} AND op_type = ${op_type} \
             AND payload_version = ${version}"
        );
        let lap = |is_first_lap: &str, after: &str, len: u64| {
            format!(
                "SELECT * FROM (\
                 WITH RECURSIVE share (queue, op_type, payload_version, priority, owner, id, found, is_first) \
                 AS (SELECT * FROM (SELECT queue, op_type, payload_version, priority, owner, id, \
                 {first} AS found, TRUE AS is_first {ready} ORDER BY priority DESC, owner, id LIMIT 1) AS head \
                 UNION ALL \
                 SELECT following.queue, following.op_type, following.payload_version, following.priority, \
                 following.owner, following.id, share.found + {following}, following.priority < share.priority \
                 FROM share JOIN liveops_operation AS following ON following.id = COALESCE(\
                 (SELECT id {ready} AND priority = share.priority AND owner > {after} \
                 ORDER BY owner, id LIMIT 1), \
                 (SELECT id {ready} AND priority < share.priority \
                 ORDER BY priority DESC, owner, id LIMIT 1)) \
                 WHERE share.found < {len}) \
                 SELECT queue, op_type, payload_version, priority, owner, id, {is_first_lap} AS is_first_lap \
                 FROM share) AS lap"
            )
        };
        // One share more in the second lap: that of the first owner. Where a lap leaves a priority for a lower one,
        // it has found no more shares of this priority than the first lap.
        [lap("TRUE", "share.owner", len), lap("FALSE", &from_turn, len + 1)]
    });
    let laps: Vec<String> = laps.collect();
    let (is_exhausted, turn) = (is_exhausted("owner"), turn("priority"));
    // The database compares the owners, so that their order is that of its index.
    format!(
        "SELECT queue, op_type, payload_version, priority, owner, is_first_lap FROM ({}) AS found \
         WHERE NOT ({is_exhausted}) \
         ORDER BY priority DESC, CASE WHEN owner > {turn} THEN 0 ELSE 1 END, owner, id",
        laps.join(" UNION ALL ")
    )
}

/// Selects the operations of a share that are ready, in their order.
fn ready_in(share: &Share, limit: u64) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(is_in(OperationState::NotStarted))
        .filter(Column::RunAfter.is_null())
        .filter(Column::Queue.eq(&share.queue))
        .filter(Column::OpType.eq(&share.op_type))
        .filter(Column::PayloadVersion.eq(share.payload_version))
        .filter(Column::Priority.eq(share.priority))
        .filter(Column::Owner.eq(&share.owner))
        .order_by_asc(Column::Id)
        .limit(limit)
}

/// Selects the first operations of a share, with the turn and the allowance of its owner.
fn first_in(share: &Share, turn: usize, allowance: u64, limit: u64) -> SelectStatement {
    let columns =
        [Column::Priority, Column::Queue, Column::OpType, Column::PayloadVersion, Column::Owner];
    let number = |number: u64| Expr::cust(number.min(i32::MAX as u64).to_string());
    ready_in(share, limit.min(allowance))
        .columns(columns)
        .into_query()
        .expr_as(number(turn as u64), "turn")
        .expr_as(number(allowance), "allowance")
        .take()
}

/// Selects and locks the first operations of a share, except operations that another transaction has locked.
pub(super) fn lockable(share: &Share, limit: u64) -> SelectStatement {
    ready_in(share, limit)
        // The lock mode of an update that changes no key. A foreign key that references the row does not conflict with
        // it.
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .into_query()
}

/// Returns the rows of all `selects`; `None` without one. Each is a subquery, which may have a limit and locks.
pub(super) fn union(selects: impl Iterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let wrapped =
        |select| Query::select().expr(Expr::cust("*")).from_subquery(select, "line").take();
    selects.map(wrapped).reduce(|mut all, next| all.union(UnionType::All, next).take())
}
