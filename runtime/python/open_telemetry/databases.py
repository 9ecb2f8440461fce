"""
Records queries as spans, without their text. https://opentelemetry.io/docs/specs/semconv/database/
Classes in Python have their methods replaced; those in C are extended, so that what a library returns stays what it promises.
"""

import inspect
from contextvars import ContextVar

from .invocation import running

# One method of a library may be made on another.
_is_recording = ContextVar("cdk_traced_function_query", default=False)

_METHODS = ("execute", "executemany", "callproc", "executescript")


def _begin(describe, connection, query):
    if _is_recording.get():
        return None
    invocation = running()
    if invocation is None or not invocation.is_sampled:
        return None
    words = query.split(None, 1) if isinstance(query, str) else ()
    span = invocation.begin(words[0][:20].upper() if words else "query")
    try:
        span.attributes = describe(connection)
    except Exception:  # of a connection that is closed: the query itself says so
        pass
    return span


def _traced(method, describe):
    def traced(self, *args, **kwargs):
        span = _begin(describe, self, args[0] if args else None)
        if span is None:
            return method(self, *args, **kwargs)
        token = _is_recording.set(True)
        try:
            result = method(self, *args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            _is_recording.reset(token)
        span.end()
        return result

    async def traced_async(self, *args, **kwargs):
        span = _begin(describe, self, args[0] if args else None)
        if span is None:
            return await method(self, *args, **kwargs)
        token = _is_recording.set(True)
        try:
            result = await method(self, *args, **kwargs)
        except BaseException as error:
            span.fail(error)
            raise
        finally:
            _is_recording.reset(token)
        span.end()
        return result

    return traced_async if inspect.iscoroutinefunction(method) else traced


def _replace(cursor, describe):
    """In the class itself, and not where it has the method from another: that one has it replaced, too."""
    for name in _METHODS:
        if name in vars(cursor):
            setattr(cursor, name, _traced(vars(cursor)[name], describe))


def _extend(cls, describe, **members):
    """A class with the same name that records what the methods of its base do."""
    methods = {name: _traced(getattr(cls, name), describe) for name in _METHODS if hasattr(cls, name)}
    return type(cls.__name__, (cls,), {"__module__": cls.__module__, "__doc__": cls.__doc__, **methods, **members})


def _attributes(system, name=None, host=None, port=None, user=None):
    values = {"db.system": system, "db.name": name, "server.address": host, "server.port": port, "db.user": user}
    return {key: value.decode("utf-8", "replace") if isinstance(value, bytes) else value for key, value in values.items() if value not in (None, "")}


def capture_sqlite3(module):
    """:param module: `sqlite3`"""
    connect = module.connect
    names = {}  # of databases, by the type that each of them is given

    def traced_connect(database, *args, **kwargs):
        wanted = args[4] if len(args) > 4 else kwargs.get("factory", module.Connection)
        if not isinstance(wanted, type):
            return connect(database, *args, **kwargs)
        key = (wanted, str(database))
        if key not in names:
            if len(names) >= 100:
                names.clear()
            names[key] = _sqlite3_connection(module, wanted, str(database))
        if len(args) > 4:
            return connect(database, *args[:4], names[key], *args[5:], **kwargs)
        return connect(database, *args, **{**kwargs, "factory": names[key]})

    module.connect = module.dbapi2.connect = traced_connect


def _sqlite3_connection(module, base, database):
    def describe(_connection):
        return _attributes("sqlite", name=database)

    cursors = {}

    def cursor(self, factory=module.Cursor):
        if isinstance(factory, type):
            factory = cursors.get(factory) or cursors.setdefault(factory, _extend(factory, describe))
        return base.cursor(self, factory)

    return _extend(base, describe, cursor=cursor)


def capture_psycopg2(module):
    """:param module: `psycopg2`"""
    import psycopg2.extensions as extensions

    connect = module.connect

    def describe(cursor):
        found = cursor.connection.get_dsn_parameters()
        return _attributes("postgresql", found.get("dbname"), found.get("host"), int(found.get("port") or 5432), found.get("user"))

    connections, cursors = {}, {}

    def cursor_type(base):
        return cursors.get(base) or cursors.setdefault(base, _extend(base, describe))

    def connection_type(base):
        def cursor(self, *args, **kwargs):
            made = kwargs.get("cursor_factory") or (args[1] if len(args) > 1 else None) or self.cursor_factory or extensions.cursor
            if isinstance(made, type):
                args = (*args[:1], cursor_type(made), *args[2:]) if len(args) > 1 else args
                kwargs = kwargs if len(args) > 1 else {**kwargs, "cursor_factory": cursor_type(made)}
            return base.cursor(self, *args, **kwargs)

        return connections.get(base) or connections.setdefault(base, _extend(base, describe, cursor=cursor))

    def traced_connect(dsn=None, connection_factory=None, cursor_factory=None, **kwargs):
        factory = connection_factory or extensions.connection
        return connect(dsn, connection_type(factory) if isinstance(factory, type) else factory, cursor_factory, **kwargs)

    module.connect = traced_connect


def capture_psycopg(module):
    """:param module: `psycopg`"""

    def describe(cursor):
        info = cursor.connection.info
        return _attributes("postgresql", info.dbname, info.host, info.port, info.user)

    for name in ("Cursor", "ServerCursor", "AsyncCursor", "AsyncServerCursor"):
        _replace(getattr(module, name), describe)


def capture_pymysql(module):
    """:param module: `pymysql`"""
    from pymysql.cursors import Cursor

    def describe(cursor):
        found = cursor.connection
        return _attributes("mysql", found.db, found.host, found.port, found.user)

    _replace(Cursor, describe)


def capture_mysql_connector(module):
    """:param module: `mysql.connector`"""
    from mysql.connector import cursor

    def describe(made):
        found = made._connection  # the C cursor's, or a weak reference to the connection
        return _attributes("mysql", found.database, found.server_host, found.server_port, found.user)

    found = [cursor.MySQLCursor]
    try:
        from mysql.connector.cursor_cext import CMySQLCursor

        found.append(CMySQLCursor)
    except ImportError:  # an installation without the C extension
        pass
    for made in found:
        _replace(made, describe)


def capture_pg8000(module):
    """:param module: `pg8000`"""
    import pg8000.core
    import pg8000.dbapi

    connection = pg8000.core.CoreConnection
    connect = connection.__init__

    def traced_connect(self, *args, **kwargs):
        # The library forgets where it has connected to.
        self._cdk_traced_function = [kwargs.get(name) for name in ("database", "host", "port")]
        connect(self, *args, **kwargs)

    def describe(cursor):
        found = cursor.connection
        return _attributes("postgresql", *found._cdk_traced_function, found.user)

    connection.__init__ = traced_connect
    _replace(pg8000.dbapi.Cursor, describe)
    legacy = getattr(module, "legacy", None)
    if legacy is not None:
        _replace(legacy.Cursor, describe)


def capture_pymongo(module):
    """
    By the library's own events.

    :param module: `pymongo`
    """
    from pymongo import monitoring

    spans = {}

    class Listener(monitoring.CommandListener):
        def started(self, event):
            invocation = running()
            if invocation is not None and invocation.is_sampled:
                span = spans[event.request_id] = invocation.begin(event.command_name)
                host, port = event.connection_id
                span.attributes = {**_attributes("mongodb", event.database_name, host, port), "db.operation": event.command_name}

        def succeeded(self, event):
            span = spans.pop(event.request_id, None)
            if span is not None:
                span.end()

        def failed(self, event):
            span = spans.pop(event.request_id, None)
            if span is not None:
                span.fail(module.errors.PyMongoError(event.failure.get("errmsg", "") if isinstance(event.failure, dict) else str(event.failure)))

    monitoring.register(Listener())
