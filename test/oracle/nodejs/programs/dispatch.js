/** A handler that runs the program which its event names. */
export const dispatch = programs => async (event, context) => programs[event.program](process.env.SITE, event, context);
