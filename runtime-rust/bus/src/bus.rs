//! [`MessageBus`]: which queues there are, what each wants, and the routes that follow from it.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mycelium_wire::Message;

use crate::SubscriberConfig;
use crate::counters::{BusStats, SubscriptionStats, TypeStats};
use crate::error::{BusError, CloseReason};
use crate::ingress::{Ingress, IngressConfig};
use crate::publisher::Publisher;
use crate::queue::Queue;
use crate::registry::{Registry, TypeEntry};
use crate::route::{Route, RouteView};
use crate::subscriber::Subscriber;
use crate::subscription::Subscription;

/// Routes messages from publishers to subscribers, by type. Cloning gives another handle of the same bus.
///
/// Needs a tokio runtime with time enabled where a publisher waits.
#[derive(Clone, Default)]
pub struct MessageBus {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Changes with the registry.
    registered: AtomicU64,
    connections: AtomicU64,
}

#[derive(Default)]
struct State {
    closed: bool,
    registry: Registry,
    routes: BTreeMap<u16, Arc<Route>>,
    subscriptions: BTreeMap<u64, Entry>,
    next_queue: u64,
    /// Frames dropped by queues that are gone.
    dropped_before: u64,
    /// Frames published on routes that are gone.
    published_before: u64,
}

struct Entry {
    queue: Arc<Queue>,
    interest: Interest,
}

impl Entry {
    /// Has a route do what is wanted of it.
    fn follow(&self, route: &Route, registry: &Registry) {
        let topic = registry.get(route.type_id).map(|entry| &**entry.topic());
        match (self.interest.wants(route.type_id, topic), route.contains(&self.queue)) {
            (true, false) => route.add(&self.queue),
            (false, true) => route.remove(self.queue.id),
            _ => {}
        }
    }
}

/// What a queue gets.
#[derive(Default)]
pub(crate) struct Interest {
    pub(crate) all: bool,
    /// Not among all.
    pub(crate) except: BTreeSet<u16>,
    pub(crate) types: BTreeSet<u16>,
    pub(crate) topics: BTreeSet<Box<str>>,
}

impl Interest {
    fn wants(&self, type_id: u16, topic: Option<&str>) -> bool {
        self.all && !self.except.contains(&type_id)
            || self.types.contains(&type_id)
            || topic.is_some_and(|topic| self.topics.contains(topic))
    }
}

impl MessageBus {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A publisher of messages of type `M`, named for the type. The bus knows the type from here on.
    pub fn publisher<M: Message>(&self) -> Result<Publisher<M>, BusError> {
        self.publisher_named(M::NAME)
    }

    /// A publisher with a name of its own for logs.
    pub fn publisher_named<M: Message>(&self, name: impl Into<Arc<str>>) -> Result<Publisher<M>, BusError> {
        self.register(TypeEntry::of::<M>())?;
        Ok(Publisher::new(self.view(M::TYPE_ID, None)?, name.into()))
    }

    /// A subscriber to messages of type `M`, named for the type, with [`SubscriberConfig::default`]: publishers wait
    /// for it. It gets everything that is published after this call returned. The bus knows the type from here on.
    pub fn subscriber<M: Message>(&self) -> Result<Subscriber<M>, BusError> {
        self.subscriber_with(SubscriberConfig::default())
    }

    /// A subscriber to messages of type `M`. Without a name in `config` it is named for the type.
    pub fn subscriber_with<M: Message>(&self, mut config: SubscriberConfig) -> Result<Subscriber<M>, BusError> {
        self.register(TypeEntry::of::<M>())?;
        if config.name.is_empty() {
            config.name = M::NAME.into();
        }
        let subscription = self.subscription(config)?;
        subscription.add_types(&[M::TYPE_ID]);
        Ok(Subscriber::new(subscription))
    }

    /// Frames of every type with this topic, those included that the bus gets to know later.
    pub fn subscribe_topic(&self, topic: &str) -> Result<Subscription, BusError> {
        self.subscribe_topic_with(topic, SubscriberConfig::default())
    }

    /// [`MessageBus::subscribe_topic`] with another configuration. Without a name in it, it is named for the topic.
    pub fn subscribe_topic_with(&self, topic: &str, mut config: SubscriberConfig) -> Result<Subscription, BusError> {
        if config.name.is_empty() {
            config.name = topic.into();
        }
        let subscription = self.subscription(config)?;
        subscription.add_topic(topic);
        Ok(subscription)
    }

    /// Frames of every type.
    pub fn tap(&self) -> Result<Subscription, BusError> {
        self.tap_with(SubscriberConfig::named("tap"))
    }

    /// [`MessageBus::tap`] with another configuration.
    pub fn tap_with(&self, config: SubscriberConfig) -> Result<Subscription, BusError> {
        let subscription = self.subscription(config)?;
        subscription.add_all();
        Ok(subscription)
    }

    /// Frames of these type ids, whether the bus knows them or not.
    pub fn subscribe_types(&self, type_ids: &[u16], config: SubscriberConfig) -> Result<Subscription, BusError> {
        let subscription = self.subscription(config)?;
        subscription.add_types(type_ids);
        Ok(subscription)
    }

    /// A subscription to nothing yet, as a socket client begins with one.
    pub fn subscription(&self, config: SubscriberConfig) -> Result<Subscription, BusError> {
        let mut state = self.open()?;
        let id = state.next_queue;
        state.next_queue += 1;
        let queue = Arc::new(Queue::new(id, config));
        state.subscriptions.insert(id, Entry { queue: queue.clone(), interest: Interest::default() });
        Ok(Subscription::new(self.clone(), queue))
    }

    /// Makes the bus know a type: frames of it that come from outside are checked from here on.
    pub fn register(&self, entry: impl Into<Arc<TypeEntry>>) -> Result<(), BusError> {
        self.register_in(&mut *self.open()?, entry.into())
    }

    /// Makes the bus know all types of a registry, or none if one of them is in conflict.
    pub fn register_all(&self, registry: &Registry) -> Result<(), BusError> {
        let mut state = self.open()?;
        let mut trial = state.registry.clone();
        registry.entries().try_for_each(|entry| trial.insert(entry.clone()).map(drop))?;
        registry.entries().try_for_each(|entry| self.register_in(&mut state, entry.clone()))
    }

    fn register_in(&self, state: &mut State, entry: Arc<TypeEntry>) -> Result<(), BusError> {
        let known = state.registry.get(entry.type_id()).map(|known| known.topic().clone());
        if !state.registry.insert(entry.clone())? {
            return Ok(());
        }
        self.inner.registered.fetch_add(1, Ordering::Release);
        // The topic of a route that was there before is known only now.
        if known.is_none()
            && let Some(route) = state.routes.get(&entry.type_id())
        {
            for subscription in state.subscriptions.values() {
                if subscription.interest.topics.contains(&**entry.topic()) && !route.contains(&subscription.queue) {
                    route.add(&subscription.queue);
                }
            }
        }
        Ok(())
    }

    /// The types that the bus knows now.
    pub fn registry(&self) -> Registry {
        self.lock().registry.clone()
    }

    /// Takes frames from outside: checks them and gives them to subscribers.
    pub fn ingress(&self, config: IngressConfig) -> Ingress {
        Ingress::new(self.clone(), config)
    }

    /// An id for a connection, different from every other one of this bus.
    pub fn next_connection_id(&self) -> crate::ConnectionId {
        crate::ConnectionId(self.inner.connections.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Ends every stream after what is queued, and makes publishing fail from here on. Publishers that wait get the
    /// error at once.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.routes.values().for_each(|route| route.close());
        let queues: Vec<_> = state.subscriptions.values().map(|entry| entry.queue.clone()).collect();
        drop(state);
        for queue in queues {
            queue.close(CloseReason::BusClosed);
        }
    }

    /// Whether [`MessageBus::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// What was published and what became of it.
    pub fn stats(&self) -> BusStats {
        let state = self.lock();
        let types = state.routes.values().map(|route| TypeStats {
            type_id: route.type_id,
            name: state.registry.get(route.type_id).map(|entry| entry.name()).or(route.name()).cloned(),
            published: route.published(),
            subscribers: route.subscribers(),
        });
        let types = types.collect();
        let subscriptions: Vec<_> = state
            .subscriptions
            .values()
            .map(|Entry { queue, .. }| {
                let (counters, closed) = queue.counters();
                SubscriptionStats {
                    name: queue.name.clone(),
                    id: queue.id,
                    connection: queue.origin,
                    policy: queue.policy,
                    closed,
                    counters,
                }
            })
            .collect();
        let dropped = state.dropped_before + subscriptions.iter().map(|stats| stats.counters.dropped).sum::<u64>();
        BusStats { types, published_before: state.published_before, subscriptions, dropped }
    }

    /// Changes with what [`MessageBus::registry`] returns.
    pub(crate) fn registry_version(&self) -> u64 {
        self.inner.registered.load(Ordering::Acquire)
    }

    pub(crate) fn entry(&self, type_id: u16) -> Option<Arc<TypeEntry>> {
        self.lock().registry.get(type_id).cloned()
    }

    /// The way to the subscribers of a type, of which the caller may know more than the bus.
    pub(crate) fn view(&self, type_id: u16, known: Option<&TypeEntry>) -> Result<RouteView, BusError> {
        let mut state = self.open()?;
        let state = &mut *state;
        let route = state.routes.entry(type_id).or_insert_with(|| {
            let topic = state.registry.get(type_id).map(|entry| &**entry.topic());
            let wanting = state.subscriptions.values().filter(|entry| entry.interest.wants(type_id, topic));
            Arc::new(Route::new(type_id, wanting.map(|entry| entry.queue.clone())))
        });
        if let Some(known) = known {
            route.set_name(known.name());
        }
        Ok(RouteView::new(route.clone()))
    }

    /// Lets go of the routes of types that nobody knows and nobody publishes any more: there are as many of those as
    /// peers like.
    pub(crate) fn forget_unknown(&self, type_ids: impl Iterator<Item = u16>) {
        let mut state = self.lock();
        let state = &mut *state;
        for type_id in type_ids.filter(|type_id| state.registry.get(*type_id).is_none()) {
            // Views are made under this lock, and those of unknown types are not cloned.
            if let btree_map::Entry::Occupied(route) = state.routes.entry(type_id)
                && route.get().name().is_none()
                && Arc::strong_count(route.get()) == 1
            {
                state.published_before += route.remove().published();
            }
        }
    }

    /// Changes what a queue gets, and gives how many types it wants by id.
    pub(crate) fn change_interest(&self, queue: &Arc<Queue>, change: impl FnOnce(&mut Interest)) -> usize {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(entry) = state.subscriptions.get_mut(&queue.id) else { return 0 };
        change(&mut entry.interest);
        if !state.closed {
            state.routes.values().for_each(|route| entry.follow(route, &state.registry));
        }
        entry.interest.types.len()
    }

    /// [`MessageBus::change_interest`] for some types, one after the other: it costs what they are, however many there
    /// are besides.
    pub(crate) fn change_types(
        &self,
        queue: &Arc<Queue>,
        type_ids: &[u16],
        change: impl Fn(&mut Interest, u16),
    ) -> usize {
        let mut state = self.lock();
        let state = &mut *state;
        let Some(entry) = state.subscriptions.get_mut(&queue.id) else { return 0 };
        for type_id in type_ids {
            change(&mut entry.interest, *type_id);
            if !state.closed
                && let Some(route) = state.routes.get(type_id)
            {
                entry.follow(route, &state.registry);
            }
        }
        entry.interest.types.len()
    }

    /// Forgets a queue whose receiver is gone, and says how many frames were in it.
    pub(crate) fn unsubscribe(&self, queue: &Queue) -> u64 {
        let mut state = self.lock();
        if state.subscriptions.remove(&queue.id).is_some() {
            state.routes.values().filter(|route| route.contains(queue)).for_each(|route| route.remove(queue.id));
        }
        queue.close(CloseReason::Unsubscribed);
        let discarded = queue.discard();
        state.dropped_before += queue.counters().0.dropped;
        discarded
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, BusError> {
        let state = self.lock();
        if state.closed { Err(BusError::Closed) } else { Ok(state) }
    }
}

impl fmt::Debug for MessageBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("MessageBus")
            .field("closed", &state.closed)
            .field("types", &state.routes.len())
            .field("subscriptions", &state.subscriptions.len())
            .finish()
    }
}
