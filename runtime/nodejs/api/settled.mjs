/** Calls a function and tells how it ended: at once, or, when it promises, when that is settled. What it gives is given as it is. */
export function settled(fn, succeed, fail) {
  let result;
  try {
    result = fn();
  } catch (error) {
    fail(error);
    throw error;
  }
  if (typeof result?.then !== 'function') {
    succeed(result);
    return result;
  }
  return result.then(value => {
    succeed(value);
    return value;
  }, error => {
    fail(error);
    throw error;
  });
}
