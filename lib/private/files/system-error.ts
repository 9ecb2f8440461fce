/** What the operating system says, and what to do about it. */
const WORDS: Readonly<Record<string, readonly [problem: string, remedy: string]>> = {
  EACCES: ['permission is denied', 'give the user that runs the synth access to it'],
  EPERM: ['the operation is not permitted', 'give the user that runs the synth access to it'],
  EROFS: ['the file system is read-only', 'make it writable, or choose another folder'],
  ENOENT: ['it does not exist', 'create it, or mend the path'],
  ENOTDIR: ['a part of the path is a file and no folder', 'mend the path, or move the file away'],
  EISDIR: ['it is a folder where a file is needed', 'mend the path, or move the folder away'],
  EEXIST: ['something of that name is there already', 'move it away'],
  ENOTEMPTY: ['the folder is not empty', 'run the synth again when nothing else writes into it'],
  ELOOP: ['its symbolic links lead back to themselves', 'mend the links'],
  ENAMETOOLONG: ['the path is too long', 'move the project to a shorter path'],
  ENOSPC: ['the disk is full', 'free space on it'],
  EDQUOT: ['the disk quota is used up', 'free space on it'],
  EMFILE: ['too many files are open in this process', "raise the limit, such as with 'ulimit -n 4096'"],
  ENFILE: ['too many files are open on this machine', 'close programs, or raise the limit of the system'],
  ENOMEM: ['there is not enough memory', 'free memory, or give the machine or the container more'],
  EAGAIN: ['the system has no resources left for it', "raise the limit of processes ('ulimit -u'), or end others"],
  E2BIG: ['its arguments and environment variables are too long', 'unset large environment variables'],
  EBUSY: ['it is in use', 'end the program that uses it'],
  ETXTBSY: ['it is being written or run', 'end the program that uses it'],
  EINVAL: ['the file system does not support that', 'use another folder'],
  EIO: ['the device fails', 'check the disk'],
  EXDEV: ['it would cross from one file system to another', 'use folders of one file system'],
  EPIPE: ['the other end was closed', 'look for what ended that process'],
};

/** System calls by what they do. */
const CALLS: Readonly<Record<string, string>> = {
  access: 'open', chmod: 'change the permissions of', copyfile: 'copy', cp: 'copy', futime: 'change the time of', link: 'link', lstat: 'look at', mkdir: 'make the folder', mkdtemp: 'make the folder',
  open: 'open', opendir: 'list the folder', read: 'read', readlink: 'follow the link', realpath: 'follow the links of', rename: 'move', rm: 'remove', rmdir: 'remove the folder', scandir: 'list the folder',
  stat: 'look at', symlink: 'make the link', unlink: 'remove', utime: 'change the time of', write: 'write',
};

/**
 * An error of the operating system, which Node.js gives as `EACCES: permission denied, open '/file'`, as a sentence with what to do.
 *
 * @returns undefined for any other error
 */
export function systemErrorText(error: unknown): string | undefined {
  const { code, syscall, path, dest, info } = (error ?? {}) as NodeJS.ErrnoException & { dest?: string; info?: { code?: string; syscall?: string } };
  if (typeof code !== 'string') {
    return undefined;
  }
  // The home folder and the user's name come from libuv as a SystemError, which has its own code within.
  const call = info?.syscall ?? syscall ?? '';
  const reason = info?.code ?? code;
  if (/^uv_os_(?:homedir|get_passwd)$/.test(call)) {
    return `cannot find the home folder of the user that runs the synth, who has no entry in the system's list of users (${reason}); set the environment variable HOME`;
  }
  const [problem, remedy] = Object.hasOwn(WORDS, reason) ? WORDS[reason] : [undefined, undefined];
  if (problem === undefined || call === '') {
    return undefined;
  }
  const [, program] = /^spawn(?:Sync)? ?(.*)$/.exec(call) ?? [];
  if (program !== undefined) {
    const name = program || path || 'a program';
    return `cannot start '${name}': ${reason === 'ENOENT' ? `no program of that name is on the PATH, or the folder that it is started in is gone (${reason}); install it`
      : `${problem} (${reason}); ${remedy}`}`;
  }
  const place = [path, dest].filter(name => name !== undefined).map(name => `'${name}'`).join(' to ');
  return `cannot ${CALLS[call] ?? call} ${place || 'a file'}: ${problem} (${reason}); ${remedy}`;
}
