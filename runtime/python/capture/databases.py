"""
Records queries as spans, without their text. https://opentelemetry.io/docs/specs/semconv/database/
Classes in Python have their methods replaced; those in C are extended, so that what a library returns stays what it promises.
"""

import functools
import inspect
import re
import weakref
from contextvars import ContextVar

from .guard import guarded, leave_out_frame
from .invocation import begin_span, running
from .suppression import is_recorded_already, reset

# One method of a library may be made on another.
_is_recording = ContextVar("cdk_traced_function_query", default=False)

_METHODS = ("execute", "executemany", "callproc", "executescript", "copy_expert", "copy_from", "copy_to")
_replaced = weakref.WeakSet()
_WORD = re.compile(r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*([A-Za-z]{2,20})\b", re.DOTALL)


@guarded
def _begin(describe, connection, name, query):
    if _is_recording.get():
        return None
    invocation = running()
    if not invocation.is_sampled or is_recorded_already("sql"):
        return None
    span = begin_span(invocation, _operation(name, query))
    if span is None:
        return None
    try:
        span.attributes = describe(connection)
    except Exception:  # of a connection that is closed: the query itself says so
        span.attributes = {}
    described = span.attributes
    span.remote = "@".join(str(described[key]) for key in ("db.name", "server.address") if described.get(key)) or described.get("db.system", "database")
    return span


def _operation(method, query):
    """The word that a statement begins with: what comes after it may hold values."""
    if method.startswith("copy"):
        return "COPY"
    if isinstance(query, (bytes, bytearray)):
        query = bytes(query[:200]).decode("latin-1")
    word = _WORD.match(query[:1_000]) if isinstance(query, str) else None
    return word[1].upper() if word else "query"


def _traced(method, describe):
    name = method.__name__

    @functools.wraps(method)
    def traced(self, *args, **kwargs):
        span = _begin(describe, self, name, args[0] if args else None) if running() is not None else None
        token = _is_recording.set(True) if span is not None else None
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            _fail(span, error)
            leave_out_frame(error)
            raise
        finally:
            if token is not None:
                reset(_is_recording, token)
        _end(span)
        return result

    @functools.wraps(method)
    async def traced_async(self, *args, **kwargs):
        span = _begin(describe, self, name, args[0] if args else None) if running() is not None else None
        token = _is_recording.set(True) if span is not None else None
        try:
            result = await method(self, *args, **kwargs)
        except BaseException as error:
            _fail(span, error)
            leave_out_frame(error)
            raise
        finally:
            if token is not None:
                reset(_is_recording, token)
        _end(span)
        return result

    return traced_async if inspect.iscoroutinefunction(method) else traced


def _unseen(function):
    """For what stands between a caller and a function of a library, and does no more than to change what is given to it."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            # Its own frame, and that of the function.
            leave_out_frame(error)
            leave_out_frame(error)
            raise

    return call


@guarded
def _end(span):
    if span is not None:
        span.end()


@guarded
def _fail(span, error):
    if span is not None:
        span.fail(error)


def _replace(cursor, describe, methods=_METHODS):
    """In the class itself, and not where it has the method from another: that one has it replaced, too."""
    for name in methods:
        if name in vars(cursor):
            setattr(cursor, name, _traced(vars(cursor)[name], describe))


def _extend(cls, describe, **members):
    """A class with the same name that records what the methods of its base do. Its objects take no more attributes than those of its base."""
    methods = {name: _traced(getattr(cls, name), describe) for name in _METHODS if hasattr(cls, name)}
    extended = type(cls)(cls.__name__, (cls,), {"__slots__": (), "__module__": cls.__module__, "__doc__": cls.__doc__, **methods, **members})
    extended.__qualname__ = cls.__qualname__
    return extended


@guarded
def _replace_made(cursor, describe):
    """Of a class in Python that a connection of the handler's own makes its cursors of."""
    classes = [cls for cls in type(cursor).__mro__ if "__dict__" in vars(cls) or "__slots__" in vars(cls)]
    for cls in classes:
        if cls not in _replaced:
            _replaced.add(cls)
            _replace(cls, describe)
            if cls is classes[-1]:  # what it has of a class in C
                for name in _METHODS:
                    if hasattr(cls, name) and name not in vars(cls):
                        setattr(cls, name, _traced(getattr(cls, name), describe))


def _attributes(system, name=None, host=None, port=None):
    values = {"db.system": system, "db.name": name, "server.address": host, "server.port": port}
    return {key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value for key, value in values.items() if value not in (None, "")}


def capture_sqlite3(module):
    """:param module: `sqlite3`"""
    connect = module.connect
    types = {}  # of connections, by the database that each of them is for

    @guarded
    def connection_type(args, kwargs):
        """None where it is for the library to say what is wrong."""
        wanted = args[5] if len(args) > 5 else kwargs.get("factory", module.Connection)
        database = args[0] if args else kwargs["database"]
        if not isinstance(wanted, type):
            return None
        name = str(database).partition("?")[0] if isinstance(database, (str, bytes)) or hasattr(database, "__fspath__") else None
        key = (wanted, name)
        if key not in types:
            if len(types) >= 100:
                types.clear()
            types[key] = _sqlite3_connection(module, wanted, name)
        return types[key]

    @_unseen
    @functools.wraps(connect)
    def traced_connect(*args, **kwargs):
        extended = connection_type(args, kwargs) if args or "database" in kwargs else None
        if extended is None:
            return connect(*args, **kwargs)
        if len(args) > 5:
            return connect(*args[:5], extended, *args[6:], **kwargs)
        return connect(*args, **{**kwargs, "factory": extended})

    module.connect = module.dbapi2.connect = traced_connect


def _sqlite3_connection(module, base, database):
    def describe(_connection):
        return _attributes("sqlite", name=database)

    cursors = {}

    @guarded
    def cursor_type(factory):
        return (cursors.get(factory) or cursors.setdefault(factory, _extend(factory, describe))) if isinstance(factory, type) else None

    make_cursor = base.cursor
    is_own = make_cursor is not module.Connection.cursor

    @_unseen
    @functools.wraps(make_cursor)
    def cursor(self, *args, **kwargs):
        if is_own and not args and not kwargs:
            made = make_cursor(self)
            _replace_made(made, describe)
            return made
        extended = cursor_type(args[0] if args else kwargs.get("factory", module.Cursor))
        if extended is None or len(args) + len(kwargs) > 1 or (kwargs and "factory" not in kwargs):
            return make_cursor(self, *args, **kwargs)
        return make_cursor(self, extended)

    return _extend(base, describe, cursor=cursor)


def capture_psycopg2(module):
    """:param module: `psycopg2`"""
    import psycopg2.extensions as extensions

    connect = module.connect

    def describe(cursor):
        found = cursor.connection.get_dsn_parameters()
        return _attributes("postgresql", found.get("dbname"), found.get("host"), int(found.get("port") or 5432))

    connections, cursors = {}, {}

    @guarded
    def cursor_type(base):
        return (cursors.get(base) or cursors.setdefault(base, _extend(base, describe))) if isinstance(base, type) else None

    @guarded
    def connection_type(base):
        if not isinstance(base, type):
            return None
        if base in connections:
            return connections[base]
        make_cursor = base.cursor
        is_own = make_cursor is not extensions.connection.cursor

        @_unseen
        @functools.wraps(make_cursor)
        def cursor(self, *args, **kwargs):
            given = args[1] if len(args) > 1 else kwargs.get("cursor_factory")
            if given is None and is_own:
                made = make_cursor(self, *args, **kwargs)
                _replace_made(made, describe)
                return made
            extended = cursor_type(given or self.cursor_factory or extensions.cursor)
            if extended is None:
                return make_cursor(self, *args, **kwargs)
            if len(args) > 1:
                return make_cursor(self, args[0], extended, *args[2:], **kwargs)
            return make_cursor(self, *args, **{**kwargs, "cursor_factory": extended})

        return connections.setdefault(base, _extend(base, describe, cursor=cursor))

    @_unseen
    @functools.wraps(connect)
    def traced_connect(*args, **kwargs):
        factory = args[1] if len(args) > 1 else kwargs.get("connection_factory")
        extended = connection_type(factory or extensions.connection)
        if extended is None:
            return connect(*args, **kwargs)
        if len(args) > 1:
            return connect(args[0], extended, *args[2:], **kwargs)
        return connect(*args, **{**kwargs, "connection_factory": extended})

    module.connect = traced_connect


def capture_psycopg(module):
    """:param module: `psycopg`"""

    def describe(cursor):
        info = cursor.connection.info
        return _attributes("postgresql", info.dbname, info.host, info.port)

    for name in ("Cursor", "ServerCursor", "AsyncCursor", "AsyncServerCursor"):
        _replace(getattr(module, name), describe)


def capture_asyncpg(module):
    """:param module: `asyncpg`"""
    from asyncpg import prepared_stmt

    def describe(connection):
        address = connection._addr
        host, port = address if isinstance(address, tuple) else (address, None)
        return _attributes("postgresql", connection._params.database, host, port)

    fetches = ("fetch", "fetchval", "fetchrow", "fetchmany", "execute", "executemany")
    _replace(module.Connection, describe, fetches)
    _replace(prepared_stmt.PreparedStatement, lambda statement: describe(statement._connection), fetches)


def capture_pymysql(module):
    """:param module: `pymysql`"""
    from pymysql.cursors import Cursor

    def describe(cursor):
        found = cursor.connection
        return _attributes("mysql", found.db, found.host, found.port)

    _replace(Cursor, describe)


def capture_mysql_connector(module):
    """:param module: `mysql.connector`"""
    from mysql.connector import cursor

    def describe(made):
        found = made._connection  # the C cursor's, or a weak reference to the connection
        return _attributes("mysql", found.database, found.server_host, found.server_port)

    found = [cursor.MySQLCursor]
    try:
        from mysql.connector.cursor_cext import CMySQLCursor

        found.append(CMySQLCursor)
    except ImportError:  # an installation without the C extension
        pass
    for made in found:
        _replace(made, describe)


def capture_aiomysql(module):
    """:param module: `aiomysql`"""

    def describe(cursor):
        found = cursor.connection
        return _attributes("mysql", found.db, found.host, found.port)

    _replace(module.Cursor, describe)


def capture_pg8000(module):
    """:param module: `pg8000`"""
    import pg8000.core
    import pg8000.dbapi
    import pg8000.native

    connection = pg8000.core.CoreConnection
    connect = connection.__init__
    signature = inspect.signature(connect)
    addresses = weakref.WeakKeyDictionary()

    @guarded
    def remember(self, args, kwargs):
        # The library forgets where it has connected to.
        given = signature.bind_partial(self, *args, **kwargs).arguments
        addresses[self] = [given.get("database"), given.get("host", "localhost"), given.get("port", 5432)]

    @functools.wraps(connect)
    def traced_connect(self, *args, **kwargs):
        remember(self, args, kwargs)
        try:
            return connect(self, *args, **kwargs)
        except BaseException as error:
            leave_out_frame(error)
            raise

    def describe(made):
        # Not its property `connection`, of which the library warns.
        return _attributes("postgresql", *addresses.get(getattr(made, "_c", made), ()))

    connection.__init__ = traced_connect
    _replace(pg8000.native.Connection, describe, ("run",))
    _replace(pg8000.native.PreparedStatement, lambda statement: describe(statement.con), ("run",))
    _replace(pg8000.dbapi.Cursor, describe)
    legacy = getattr(module, "legacy", None)
    if legacy is not None:
        _replace(legacy.Cursor, describe)


def capture_pymongo(module):
    """
    By the library's own events.

    :param module: `pymongo`
    """
    from pymongo import errors, monitoring

    spans = {}

    class Listener(monitoring.CommandListener):
        @guarded
        def started(self, event):
            invocation = running()
            if invocation is None or is_recorded_already("sql"):
                return
            span = begin_span(invocation, event.command_name)
            if span is None:
                return
            spans[event.request_id] = span
            address = event.connection_id if isinstance(event.connection_id, tuple) else (None, None)
            span.attributes = {**_attributes("mongodb", event.database_name, *address[:2]), "db.operation": event.command_name}
            span.remote = f"{event.database_name}@{address[0]}"

        @guarded
        def succeeded(self, event):
            span = spans.pop(event.request_id, None)
            if span is not None:
                span.end()

        @guarded
        def failed(self, event):
            span = spans.pop(event.request_id, None)
            if span is not None:
                failure = event.failure
                span.fail(errors.PyMongoError(failure.get("errmsg", "") if isinstance(failure, dict) else str(failure)))

    monitoring.register(Listener())
