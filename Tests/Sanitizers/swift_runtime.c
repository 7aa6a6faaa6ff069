// Tells ThreadSanitizer of two things that the Swift libraries, which aren't instrumented, keep from it. .ci/sanitize loads this
// before them. Nothing is suppressed: each only adds an order that is there, between the two sides of one mutex or task.
//
// - Synchronization.Mutex: the uncontended path is compiled into our code and seen; the contended one is in
//   libswiftSynchronization and in the kernel.
// - Continuations, checked and unsafe: one that is resumed before its task waits never passes through a queue of jobs, and only those
//   tell.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#if !defined(__x86_64__)
#error "the registers of Swift's calling convention are written for x86-64"
#endif

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define RESUME "$sScC6resume9returningyxn_tF"
#define RESUME_THROWING "$sScC6resume8throwingyq_n_tF"
#define UNSAFE_RESUME "swift_continuation_resume"
#define UNSAFE_RESUME_OF_THROWING "swift_continuation_throwingResume"
#define UNSAFE_RESUME_WITH_ERROR "swift_continuation_throwingResumeWithError"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t thread, __attribute__((swift_context)) void *mutex);
typedef __attribute__((swiftcall)) void (*unlock_function)(__attribute__((swift_context)) void *mutex);

static lock_function lock_slow;
static unlock_function unlock_slow;
static void (*acquire)(void *address);
static void (*release)(void *address);
static __attribute__((swiftcall)) void *(*current_task)(void);
__attribute__((visibility("hidden"))) void *sluice_resume, *sluice_resume_throwing, *sluice_await, *sluice_unsafe_resume,
    *sluice_unsafe_resume_of_throwing, *sluice_unsafe_resume_with_error;

__attribute__((constructor)) static void find(void) {
  lock_slow = (lock_function)dlsym(RTLD_NEXT, LOCK);
  unlock_slow = (unlock_function)dlsym(RTLD_NEXT, UNLOCK);
  sluice_resume = dlsym(RTLD_NEXT, RESUME);
  sluice_resume_throwing = dlsym(RTLD_NEXT, RESUME_THROWING);
  sluice_unsafe_resume = dlsym(RTLD_NEXT, UNSAFE_RESUME);
  sluice_unsafe_resume_of_throwing = dlsym(RTLD_NEXT, UNSAFE_RESUME_OF_THROWING);
  sluice_unsafe_resume_with_error = dlsym(RTLD_NEXT, UNSAFE_RESUME_WITH_ERROR);
  sluice_await = dlsym(RTLD_NEXT, "swift_continuation_await");
  current_task = dlsym(RTLD_NEXT, "swift_task_getCurrent");
  acquire = dlsym(RTLD_DEFAULT, "__tsan_acquire");
  release = dlsym(RTLD_DEFAULT, "__tsan_release");
}

// The address is that of the mutex's word, which the uncontended path's atomic operations are on as well.
__attribute__((swiftcall)) void locked(uint32_t thread, __attribute__((swift_context)) void *mutex) __asm__(LOCK);
__attribute__((swiftcall)) void unlocking(__attribute__((swift_context)) void *mutex) __asm__(UNLOCK);

__attribute__((swiftcall)) void locked(uint32_t thread, __attribute__((swift_context)) void *mutex) {
  lock_slow(thread, mutex);
  if (acquire) acquire(mutex);
}

__attribute__((swiftcall)) void unlocking(__attribute__((swift_context)) void *mutex) {
  if (release) release(mutex);
  unlock_slow(mutex);
}

// Both sides know the task that waits.
__attribute__((visibility("hidden"), used)) void sluice_before_resume(void *task) {
  if (release && task) release(task);
}

__attribute__((visibility("hidden"), used)) void sluice_before_await(void) {
  void *task = current_task ? current_task() : 0;
  if (acquire && task) acquire(task);
}

// A continuation is a pointer, passed by reference in r13, to an object whose first field is the task.
#define RESUMING(symbol, original)                                                                     \
  __asm__(".text\n.globl \"" symbol "\"\n.type \"" symbol "\", @function\n\"" symbol "\":\n"           \
          "push %rdi\npush %rsi\nsub $8, %rsp\n"                                                       \
          "mov (%r13), %rax\nmov 16(%rax), %rdi\ncall sluice_before_resume\n"                          \
          "add $8, %rsp\npop %rsi\npop %rdi\njmp *" original "(%rip)\n")

RESUMING(RESUME, "sluice_resume");
RESUMING(RESUME_THROWING, "sluice_resume_throwing");

// An unsafe continuation is the task itself, in rdi; an error comes in rsi.
#define RESUMING_TASK(symbol, original)                                                                \
  __asm__(".text\n.globl " symbol "\n.type " symbol ", @function\n" symbol ":\n"                       \
          "push %rdi\npush %rsi\nsub $8, %rsp\ncall sluice_before_resume\n"                            \
          "add $8, %rsp\npop %rsi\npop %rdi\njmp *" original "(%rip)\n")

RESUMING_TASK(UNSAFE_RESUME, "sluice_unsafe_resume");
RESUMING_TASK(UNSAFE_RESUME_OF_THROWING, "sluice_unsafe_resume_of_throwing");
RESUMING_TASK(UNSAFE_RESUME_WITH_ERROR, "sluice_unsafe_resume_with_error");

__asm__(".text\n.globl swift_continuation_await\n.type swift_continuation_await, @function\nswift_continuation_await:\n"
        "push %rdi\ncall sluice_before_await\npop %rdi\njmp *sluice_await(%rip)\n");
