/** What people use in Python, in versions of one time, and AWS's own runtime client; for `installPython`. */
export const PYTHON_LIBRARIES = [
  'awslambdaric==3.0.0', 'requests==2.32.5', 'httpx==0.28.1', 'urllib3==2.2.3', 'aiohttp==3.10.10', 'aioboto3==13.2.0', 'psycopg2-binary==2.9.10',
  'psycopg[binary,pool]==3.2.3', 'asyncpg==0.30.0', 'pg8000==1.31.2', 'PyMySQL==1.1.1', 'SQLAlchemy==2.0.36', 'pymongo==4.10.1',
  'aws-lambda-powertools[tracer]==3.4.0', 'mangum==0.19.0', 'fastapi==0.115.0',
];
