// A child program with pipes, none of whose processes can outlive us. Between us and the child
// stands a supervisor: this same binary, started with kSuperviseVerb. It starts the child in a
// process group of its own, adopts whatever the child leaves behind (PR_SET_CHILD_SUBREAPER), and
// when our end of the lifeline pipe closes, because we said so or because we were killed, it ends
// all of them: SIGTERM, a grace period, SIGKILL, until it has no descendants left.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "async/deadline.h"
#include "async/task.h"

namespace mcpo::async {

inline constexpr const char* kSuperviseVerb = "__supervise";

struct ProcessOptions {
  std::string command;            // a path, or a name that is looked up in PATH of `environment`
  std::vector<std::string> args;  // without argv[0]
  std::string cwd;                // empty: ours
  std::map<std::string, std::string> environment;  // the child's whole environment
  std::string supervisor;   // path of a program that runs supervisor_main(); empty: ourselves
  Millis kill_grace{2000};  // from SIGTERM to SIGKILL
};

struct ExitStatus {
  int code = 0;                  // exit code, or
  int signal = 0;                // the signal that ended it, 0 if none
  std::string describe() const;  // "exit code 1", "killed by signal 9 (Killed)"
};

// Runs on one executor; all methods are called there. SIGPIPE must be ignored (Runtime does).
class Process {
 public:
  // Errors: not_found ("foo: command not found (looked in PATH ...)"), denied (not executable),
  // invalid (cwd, or a NUL byte somewhere), unavailable (no more processes or descriptors).
  static Result<std::unique_ptr<Process>> start(Executor executor, ProcessOptions options);
  ~Process();  // as terminate(); does not wait: the supervisor finishes the work
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int supervisor_pid() const;
  // Writes all bytes to the child's stdin. One writer at a time. unavailable: the pipe is closed.
  Task<void> write_stdin(std::string bytes);
  void close_stdin();
  // Number of bytes read into `buffer`, 0 at end of file. One reader each at a time.
  Task<std::size_t> read_stdout(std::span<char> buffer);
  Task<std::size_t> read_stderr(std::span<char> buffer);
  // Ends the whole group: closes stdin and the lifeline. Idempotent, does not wait.
  void terminate();
  // When the supervisor has ended, that is when no process of the group is left.
  Task<ExitStatus> wait(Deadline deadline);

 private:
  struct Impl;
  explicit Process(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with the running operations
};

// Looks `command` up as execvp would, in the given PATH. Errors: not_found, denied.
Result<std::string> find_program(const std::string& command, const std::string& path);

// What main() runs when argv[1] is kSuperviseVerb. Async-signal-safe work only after its start.
int supervisor_main(int argc, char** argv);

}  // namespace mcpo::async
