#include "async/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "async/notifier.h"
#include "async/spawn_supervisor.h"
#include "async/supervisor_report.h"

namespace mcpo::async {

using Descriptor = asio::posix::stream_descriptor;
using boost::system::error_code;

struct Process::Impl : std::enable_shared_from_this<Process::Impl> {
  Impl(const Executor& executor, SpawnedSupervisor spawned)
      : pid(spawned.pid),
        in(executor, spawned.stdin_write.release()),
        out(executor, spawned.stdout_read.release()),
        err(executor, spawned.stderr_read.release()),
        status(executor, spawned.status_read.release()),
        lifeline(std::move(spawned.lifeline_write)),
        ended(executor) {}

  void read_reports();
  void take(SupervisorReport report);
  void reap();
  void terminate() {
    error_code ignored;
    in.close(ignored);
    lifeline.reset();
  }

  static Task<void> write(std::shared_ptr<Impl> impl, std::string bytes);
  static Task<std::size_t> read(std::shared_ptr<Impl> impl, Descriptor Impl::* member,
                                std::span<char> buffer);
  static Task<ExitStatus> wait(std::shared_ptr<Impl> impl, Deadline deadline);

  const pid_t pid;  // the supervisor's
  Descriptor in;
  Descriptor out;
  Descriptor err;
  Descriptor status;
  UniqueFd lifeline;
  SupervisorReport report;  // the one that is being read
  pid_t group = 0;
  std::optional<ExitStatus> child_status;
  std::optional<ExitStatus> final_status;  // once the supervisor has ended
  Notifier ended;
};

namespace {

ExitStatus from_wait_status(int status) {
  ExitStatus result;
  if (WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
  } else {
    result.code = WEXITSTATUS(status);
  }
  return result;
}

Task<void> check_stdio(error_code error, const char* what) {
  CO_CHECK_OK(co_await check_cancelled());
  if (error) co_return fail(Errc::unavailable, std::string(what) + ": " + error.message());
  co_return Result<void>();
}

Result<void> check_text(const ProcessOptions& options) {
  auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool bad = has_nul(options.command) || has_nul(options.cwd);
  for (const std::string& arg : options.args) bad = bad || has_nul(arg);
  for (const auto& [name, value] : options.environment) {
    bad = bad || has_nul(name) || has_nul(value);
    if (name.empty() || name.find('=') != std::string::npos) {
      return fail(Errc::invalid, "not the name of an environment variable: \"" + name + "\"");
    }
  }
  if (bad) return fail(Errc::invalid, "a command, argument or variable holds a NUL byte");
  return {};
}

// Absolute, because the child resolves it after it has changed its folder.
Result<std::string> resolve_command(const ProcessOptions& options) {
  std::string command = options.command;
  if (command.find('/') != std::string::npos && command.front() != '/' && !options.cwd.empty()) {
    command = options.cwd + "/" + command;
  }
  const auto path = options.environment.find("PATH");
  const std::string folders =
      path == options.environment.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
  TRY(std::string found, find_program(command, folders));
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(found, error);
  if (error) return fail(Errc::unavailable, "resolve " + found + ": " + error.message());
  return absolute.string();
}

Result<std::string> resolve_cwd(const std::string& cwd) {
  if (cwd.empty()) return std::string("-");
  struct stat info{};
  if (stat(cwd.c_str(), &info) != 0) {
    return fail(Errc::invalid, "working folder " + cwd + ": " + std::strerror(errno));
  }
  if (!S_ISDIR(info.st_mode)) return fail(Errc::invalid, "working folder " + cwd + " is no folder");
  if (access(cwd.c_str(), X_OK) != 0) {
    return fail(Errc::invalid, "working folder " + cwd + ": " + std::strerror(errno));
  }
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(cwd, error);
  if (error) return fail(Errc::invalid, "working folder " + cwd + ": " + error.message());
  return absolute.string();
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return "exit code " + std::to_string(code);
  const char* name = sigdescr_np(signal);
  return "killed by signal " + std::to_string(signal) + " (" + (name ? name : "unknown") + ")";
}

void Process::Impl::read_reports() {
  // Reports are written whole and fit the pipe, so they are read whole.
  status.async_read_some(asio::buffer(&report, sizeof report),
                         [self = shared_from_this()](error_code error, std::size_t size) {
                           if (error == asio::error::operation_aborted) return;
                           if (error || size != sizeof self->report) return self->reap();
                           self->take(self->report);
                           self->read_reports();
                         });
}

void Process::Impl::take(SupervisorReport received) {
  if (received.kind == SupervisorReport::Kind::started) group = received.value;
  if (received.kind == SupervisorReport::Kind::exited) {
    child_status = from_wait_status(received.value);
  }
}

void Process::Impl::reap() {
  // The pipe ends when the supervisor exits, an instant before it can be waited for.
  int wait_status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(pid, &wait_status, 0);
  } while (reaped < 0 && errno == EINTR);
  const ExitStatus own = reaped == pid ? from_wait_status(wait_status) : ExitStatus{};
  // Somebody killed it before it could do its work. The kernel ends the child, we its group.
  if (own.signal != 0 && group > 0) ::kill(-group, SIGKILL);
  final_status = child_status ? *child_status : own;
  error_code ignored;
  status.close(ignored);
  terminate();
  ended.notify_all();
}

Task<void> Process::Impl::write(std::shared_ptr<Impl> impl, std::string bytes) {
  CO_CHECK_OK(co_await check_cancelled());
  if (!impl->in.is_open()) co_return fail(Errc::unavailable, "the child's stdin is closed");
  auto [error, written] = co_await asio::async_write(impl->in, asio::buffer(bytes),
                                                     asio::as_tuple(asio::use_awaitable));
  if (!error) co_return Result<void>();
  co_return co_await check_stdio(error, "write to the child's stdin");
}

Task<std::size_t> Process::Impl::read(std::shared_ptr<Impl> impl, Descriptor Impl::* member,
                                      std::span<char> buffer) {
  Descriptor& from = (*impl).*member;
  CO_CHECK_OK(co_await check_cancelled());
  if (!from.is_open()) co_return fail(Errc::unavailable, "the child's output is closed");
  auto [error, size] = co_await from.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                                     asio::as_tuple(asio::use_awaitable));
  if (!error) co_return size;
  if (error == asio::error::eof) co_return 0;
  CO_CHECK_OK(co_await check_stdio(error, "read the child's output"));
  co_return 0;
}

Task<ExitStatus> Process::Impl::wait(std::shared_ptr<Impl> impl, Deadline deadline) {
  while (!impl->final_status) {
    const auto seen = impl->ended.version();
    CO_CHECK_OK(co_await impl->ended.wait_change(seen, deadline));
  }
  co_return *impl->final_status;
}

Result<std::unique_ptr<Process>> Process::start(Executor executor, ProcessOptions options) {
  CHECK_OK(check_text(options));
  TRY(const std::string cwd, resolve_cwd(options.cwd));
  SupervisorCommand command;
  TRY(command.program, resolve_command(options));
  command.supervisor = options.supervisor.empty() ? "/proc/self/exe" : options.supervisor;
  command.args = std::move(options.args);
  command.cwd = cwd;
  command.environment = std::move(options.environment);
  command.kill_grace = options.kill_grace;
  TRY(SpawnedSupervisor spawned, spawn_supervisor(command));
  auto impl = std::make_shared<Impl>(executor, std::move(spawned));
  impl->read_reports();
  return std::unique_ptr<Process>(new Process(std::move(impl)));
}

Process::Process(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Process::~Process() {
  impl_->terminate();
  error_code ignored;
  impl_->out.close(ignored);
  impl_->err.close(ignored);
}

int Process::supervisor_pid() const { return impl_->pid; }

Task<void> Process::write_stdin(std::string bytes) { return Impl::write(impl_, std::move(bytes)); }

void Process::close_stdin() {
  error_code ignored;
  impl_->in.close(ignored);
}

Task<std::size_t> Process::read_stdout(std::span<char> buffer) {
  return Impl::read(impl_, &Impl::out, buffer);
}

Task<std::size_t> Process::read_stderr(std::span<char> buffer) {
  return Impl::read(impl_, &Impl::err, buffer);
}

void Process::terminate() { impl_->terminate(); }

Task<ExitStatus> Process::wait(Deadline deadline) { return Impl::wait(impl_, deadline); }

}  // namespace mcpo::async
