"""A small tea shop with a leak, to look at with Refscope.

    python3 demo.py [CUSTOMERS]

Customers come, fill a basket, order, and leave.  Some memory never comes back,
for three different reasons:

  1. Session.close() forgets to unsubscribe: the bell keeps a closure, the
     closure keeps its session, and the session all it ever knew.
  2. A basket and its session hold each other.  That is no leak, but only the
     collector can free them, and it is switched off here until you ask for it.
  3. The recipe cache has no limit.

Look for it yourself: find the type Session, and ask for the back-references of
one whose open is False.
"""
import collections
import gc
import sys
import threading
import weakref

try:
    from refscope import mark
except ImportError:  # without Refscope the hints are only printed
    mark = print

TEAS = {'longjing': 'Hangzhou', 'biluochun': 'Suzhou', 'tieguanyin': 'Anxi',
        'dahongpao': 'Wuyi', "pu'er": 'Yunnan', 'keemun': 'Anhui'}


class Bell:
    """Tells all who subscribed that an order is ready."""

    def __init__(self):
        self.subscribers = collections.defaultdict(list)

    def subscribe(self, event, callback):
        self.subscribers[event].append(callback)

    def ring(self, event, order):
        for callback in self.subscribers[event]:
            callback(order)


class Item:
    """What is in a basket; with slots, so it has no __dict__."""

    __slots__ = 'tea', 'grams', 'basket'

    def __init__(self, tea, grams, basket):
        self.tea = tea
        self.grams = grams
        self.basket = basket


class Basket:
    def __init__(self, session):
        self.session = session  # and the session knows the basket: a cycle
        self.items = []

    def put(self, tea, grams):
        self.items.append(Item(tea, grams, self))


class Order:
    """A link in the shop's book: each knows the one before."""

    def __init__(self, items, previous):
        self.items = tuple((item.tea, item.grams) for item in items)
        self.previous = previous


class Session:
    def __init__(self, customer, shop):
        self.customer = customer
        self.open = True
        self.basket = Basket(self)
        self.seen = []

        def ready(order):  # a closure: it keeps self
            self.seen.append(order)

        shop.bell.subscribe('ready', ready)

    def close(self):
        self.open = False  # ... and the bell still has the closure


class Visitor:
    """Somebody who only looks around, and can be forgotten: nobody subscribed."""

    def __init__(self, name):
        self.name = name
        self.basket = Basket(self)


class Shop:
    def __init__(self):
        self.bell = Bell()
        self.recipes = {}  # without a limit
        self.sessions = {}
        self.watched = weakref.WeakSet()  # weak: keeps nobody
        self.last_order = None

    def enter(self, customer):
        session = self.sessions[customer] = Session(customer, self)
        self.watched.add(session)
        return session

    def recipe(self, tea, grams):
        key = tea, grams
        if key not in self.recipes:
            self.recipes[key] = {'tea': tea, 'from': TEAS[tea], 'grams': grams,
                                 'steps': ['heat water', 'pour', f'wait {grams} s', 'drink']}
        return self.recipes[key]

    def order(self, session):
        self.last_order = Order(session.basket.items, self.last_order)
        for item in session.basket.items:
            self.recipe(item.tea, item.grams)
        if len(session.basket.items) % 2:
            self.bell.ring('ready', self.last_order)

    def leave(self, session):
        session.close()
        del self.sessions[session.customer]


def kettle(shop, heated, closing):
    """A thread of its own: its locals are roots of their own."""
    temperature = 20
    pot = {'for': shop, 'degrees': temperature}
    while temperature < 95:
        temperature += 15
        pot['degrees'] = temperature
    heated.set()
    closing.wait()


def main(customers):
    gc.disable()
    gc.collect()
    shop = Shop()
    heated, closing = threading.Event(), threading.Event()
    thread = threading.Thread(target=kettle, args=(shop, heated, closing), name='kettle')
    thread.start()
    heated.wait()

    names = ['Mei', 'Tom', 'Aylin', 'Ravi', 'Lena', 'Jun', 'Sofia', 'Karim']
    for number in range(customers):
        session = shop.enter(f'{names[number % len(names)]} {number}')
        for tea in list(TEAS)[:number % len(TEAS) + 1]:
            session.basket.put(tea, 5 + number)
        shop.order(session)
    del session
    mark('the shop is full')

    for session in list(shop.sessions.values())[2:]:
        shop.leave(session)
    del session
    print(f'{len(shop.sessions)} customers are here, {len(shop.watched)} sessions are alive')
    mark('most have left, but their sessions are alive')

    for number in range(customers):
        Visitor(f'visitor {number}').basket.put('keemun', number)
    mark('visitors came and went: only the collector can free them')

    closing.set()
    thread.join()
    mark('closing time')


if __name__ == '__main__':
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
