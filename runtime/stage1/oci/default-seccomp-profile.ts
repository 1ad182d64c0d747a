// SPDX-License-Identifier: Apache-2.0
// The profile that apps get when nothing else is said (Kubernetes' RuntimeDefault): what ordinary programs need is
// allowed, everything else answers EPERM. What reaches the kernel's inside (modules, bpf, mounts, keys, clocks, foreign
// memory) is allowed only to apps that hold the capability for it. Kept in groups by what the calls are for.
import type { SeccompProfile, SeccompRule } from "./seccomp.ts";

const EPERM = 1;
const ENOSYS = 38;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: making namespaces is for CAP_SYS_ADMIN. */
const CLONE_NAMESPACES = 0x7e020000;
const AF_VSOCK = 40;
/** personality(2): Linux or 32-bit Linux, each also with UNAME26, and the question which it is. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const FILES = `
  access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
  fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr
  file_getattr file_setattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync
  ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init
  inotify_init1 inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listmount listxattr listxattrat llistxattr
  _llseek lremovexattr lseek lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat
  openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr
  removexattrat rename renameat renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs
  statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat
  utime utimensat utimensat_time64 utimes vmsplice write writev`;

const MEMORY = `
  brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2
  mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
  process_mrelease remap_file_pages`;

const PROCESSES = `
  alarm capget capset execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv
  futex_wake get_robust_list get_thread_area getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups
  getgroups32 getitimer getpgid getpgrp getpid getppid getpriority getresgid getresgid32 getresuid getresuid32 getrlimit
  getrusage getsid gettid getuid getuid32 ioprio_get ioprio_set kill nice pause pidfd_open pidfd_send_signal
  prctl prlimit64 ptrace restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask
  rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sched_get_priority_max
  sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
  sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp
  set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
  setgroups32 setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid
  setreuid32 setrlimit setsid setuid setuid32 sigaltstack signalfd signalfd4 sigprocmask sigreturn tgkill times tkill
  ugetrlimit uname uretprobe vfork wait4 waitid waitpid`;

const TIME = `
  clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 gettimeofday
  nanosleep time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
  timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 adjtimex clock_adjtime
  clock_adjtime64`;

const WAITING = `
  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2
  io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit _newselect poll ppoll
  ppoll_time64 pselect6 pselect6_time64 select`;

const TALKING = `
  accept accept4 bind connect getpeername getsockname getsockopt ipc listen mq_getsetattr mq_notify mq_open
  mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd recv
  recvfrom recvmmsg recvmmsg_time64 recvmsg semctl semget semop semtimedop semtimedop_time64 send sendmmsg sendmsg sendto
  setsockopt shmat shmctl shmdt shmget shutdown socketcall socketpair`;

const SANDBOXING_AND_SELF = `
  getrandom landlock_add_rule landlock_create_ruleset landlock_restrict_self lsm_get_self_attr lsm_list_modules
  lsm_set_self_attr sysinfo`;

export const DEFAULT_SECCOMP_PROFILE: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: EPERM,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
  ],
  syscalls: [
    allow([FILES, MEMORY, PROCESSES, TIME, WAITING, TALKING, SANDBOXING_AND_SELF].join(" ")),
    {
      ...allow("socket"),
      args: [{ index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }],
    },
    ...PERSONALITIES.map((value) => ({
      ...allow("personality"),
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
    })),
    {
      ...allow("clone"),
      args: [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
    // Its flags lie in memory where a filter cannot look; "no such call" makes C libraries fall back to clone.
    {
      names: ["clone3"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: ENOSYS,
      excludes: { caps: ["CAP_SYS_ADMIN"] },
    },
    { ...allow("arch_prctl modify_ldt"), includes: { arches: ["amd64"] } },
    {
      ...allow(
        "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
      ),
      includes: { arches: ["arm64"] },
    },
    withCapability("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    withCapability(
      "CAP_SYS_ADMIN",
      `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree
       perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare`,
    ),
    withCapability("CAP_SYS_BOOT", "reboot"),
    withCapability("CAP_SYS_CHROOT", "chroot"),
    withCapability("CAP_SYS_MODULE", "delete_module finit_module init_module"),
    withCapability("CAP_SYS_PACCT", "acct"),
    withCapability(
      "CAP_SYS_PTRACE",
      "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev",
    ),
    withCapability("CAP_SYS_RAWIO", "ioperm iopl"),
    withCapability("CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"),
    withCapability("CAP_SYS_TTY_CONFIG", "vhangup"),
    withCapability("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    withCapability("CAP_SYSLOG", "syslog"),
    withCapability("CAP_BPF", "bpf"),
    withCapability("CAP_PERFMON", "perf_event_open"),
  ],
};

function allow(names: string): SeccompRule {
  return { names: names.trim().split(/\s+/), action: "SCMP_ACT_ALLOW" };
}

function withCapability(capability: string, names: string): SeccompRule {
  return { ...allow(names), includes: { caps: [capability] } };
}
