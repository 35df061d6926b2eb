/** Runs a program in namespaces of its own, as root or through a user namespace; says clearly why when it can't. */
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** The laboratory can't run here; the message names the cause and the cure. */
export class NamespaceError extends Error {
  override name = 'NamespaceError';
}

const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

function unshareArguments(): string[] {
  const asRoot = process.getuid?.() === 0;
  return asRoot ? NAMESPACES : ['--user', '--map-root-user', ...NAMESPACES];
}

function readSetting(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}

/** Throws {@link NamespaceError} unless the programs and the permissions that a laboratory needs are there. */
export function checkNamespaces(): void {
  if (process.platform !== 'linux')
    throw new NamespaceError(
      `the laboratory is made of Linux network namespaces, and this is ${process.platform}: run it on Linux ` +
        '(a virtual machine or a privileged Linux container will do)',
    );
  for (const [program, debianPackage] of [
    ['unshare', 'util-linux'],
    ['ip', 'iproute2'],
  ] as const) {
    if (spawnSync(program, ['-V'], { stdio: 'ignore' }).error !== undefined)
      throw new NamespaceError(
        `the program '${program}' is missing: install it (Debian, Ubuntu: apt-get install ${debianPackage})`,
      );
  }
  const probe = spawnSync('unshare', [...unshareArguments(), 'ip', 'link', 'add', 'probe', 'type', 'veth'], {
    encoding: 'utf8',
  });
  if (probe.status !== 0) throw new NamespaceError(explain(probe.stderr.trim()));
}

function explain(message: string): string {
  const said = message === '' ? '' : ` (unshare said: ${message})`;
  if (process.getuid?.() === 0)
    return (
      `root may not make network namespaces here${said}: this is probably a container; start it with ` +
      '--privileged, or with --cap-add=SYS_ADMIN --cap-add=NET_ADMIN --security-opt seccomp=unconfined ' +
      '--security-opt apparmor=unconfined'
    );
  if (readSetting('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1')
    return (
      `AppArmor restricts user namespaces to root here, as Ubuntu does since 23.10${said}: run the command with ` +
      'sudo, or allow them with: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0'
    );
  if (readSetting('/proc/sys/kernel/unprivileged_userns_clone') === '0')
    return (
      `this kernel allows user namespaces to root only${said}: run the command with sudo, or allow them with: ` +
      'sudo sysctl kernel.unprivileged_userns_clone=1'
    );
  if (readSetting('/proc/sys/user/max_user_namespaces') === '0')
    return (
      `user namespaces are switched off here${said}: run the command with sudo, or allow them with: ` +
      'sudo sysctl user.max_user_namespaces=10000'
    );
  return (
    `this user may not make namespaces with a veth pair here${said}: run the command with sudo; in a container, ` +
    'start the container with --privileged'
  );
}

/**
 * Starts `program` as the first process of fresh network, mount and process namespaces. When it ends, or the
 * returned process is killed, the kernel ends everything in them.
 */
export function spawnInNamespaces(
  program: string,
  args: readonly string[],
  stdio: StdioOptions,
  environment: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn('unshare', [...unshareArguments(), program, ...args], { stdio, env: environment });
}
