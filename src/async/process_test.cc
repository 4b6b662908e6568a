#include "async/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "async/task_scope.h"

namespace mcpo::async {
namespace {

namespace fs = std::filesystem;

ProcessOptions shell(std::string script) {
  ProcessOptions options;
  options.command = "sh";
  options.args = {"-c", std::move(script)};
  options.environment["PATH"] = "/usr/bin:/bin";
  options.kill_grace = Millis(100);
  return options;
}

Deadline soon() { return Deadline::in(Millis(60'000)); }

Task<std::string> read_all(Process* process) {
  std::string text;
  std::vector<char> buffer(4096);
  while (true) {
    CO_TRY(std::size_t size, co_await process->read_stdout(buffer));
    if (size == 0) co_return text;
    text.append(buffer.data(), size);
  }
}

Task<std::string> read_line(Process* process) {
  std::string text;
  std::vector<char> buffer(1);
  while (!text.ends_with('\n')) {
    CO_TRY(std::size_t size, co_await process->read_stdout(buffer));
    if (size == 0) break;
    text += buffer[0];
  }
  co_return text;
}

class ProcessTest : public testing::Test {
 protected:
  // Whoever the test did not wait for ends too, and is reaped.
  void TearDown() override {
    io_.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(io_.stopped());
  }
  template <class T>
  Result<T> run(Task<T> task) {
    std::optional<Result<T>> result;
    auto bounded = with_deadline(std::move(task), soon(), "the test");
    asio::co_spawn(io_, detail::run_into<T>(std::move(bounded), &result), asio::detached);
    while (!result && io_.run_one() > 0) {
    }
    io_.restart();
    return result ? *std::move(result) : Result<T>(fail(Errc::internal, "did not end"));
  }
  std::unique_ptr<Process> start(ProcessOptions options) {
    auto process = Process::start(io_.get_executor(), std::move(options));
    EXPECT_TRUE(process) << process.error().message;
    return process ? std::move(*process) : nullptr;
  }
  ExitStatus wait(Process& process) {
    auto status = run(process.wait(soon()));
    EXPECT_TRUE(status) << status.error().message;
    return status.value_or(ExitStatus{-1, 0});
  }
  Error start_error(ProcessOptions options) {
    auto process = Process::start(io_.get_executor(), std::move(options));
    return process ? Error{Errc::internal, "it started"} : process.error();
  }

  asio::io_context io_{1};
};

bool is_alive(pid_t pid) {
  if (kill(pid, 0) != 0) return false;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto end = text.rfind(')');
  return end != std::string::npos && text.substr(end, 3) != ") Z";  // a zombie counts as dead
}

std::vector<pid_t> numbers(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<pid_t>(in), {}};
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

TEST_F(ProcessTest, EchoesThroughCat) {
  auto process = start(shell("exec cat"));
  std::string big(300'000, 'x');  // more than a pipe holds
  big += "end";
  auto exchange = [](Process* p, std::string text) -> Task<std::string> {
    TaskScope scope(co_await asio::this_coro::executor, Logger::none());
    auto feed = [](Process* to, std::string bytes) -> Task<void> {
      CO_CHECK_OK(co_await to->write_stdin(std::move(bytes)));
      to->close_stdin();
      co_return Result<void>();
    };
    scope.spawn("feed", feed(p, std::move(text)));
    auto all = co_await read_all(p);
    (void)co_await scope.close(Deadline::never());
    co_return all;
  };
  EXPECT_EQ(run(exchange(process.get(), big)), big);
  EXPECT_EQ(wait(*process).describe(), "exit code 0");
}

TEST_F(ProcessTest, SaysWhyItCannotStart) {
  ProcessOptions options = shell("");
  options.command = "no-such-program-here";
  EXPECT_EQ(start_error(options),
            (Error{Errc::not_found,
                   "no-such-program-here: command not found (looked in PATH /usr/bin:/bin)"}));
  options.command = "/etc/passwd";
  EXPECT_EQ(start_error(options).code, Errc::denied);
  options = shell("");
  options.cwd = "/no/such/folder";
  EXPECT_EQ(start_error(options).code, Errc::invalid);
  options = shell(std::string("a\0b", 3));
  EXPECT_EQ(start_error(options).code, Errc::invalid);
  options = shell("");
  options.environment["A=B"] = "c";
  EXPECT_EQ(start_error(options).code, Errc::invalid);
  options = shell("");
  options.supervisor = "/no/such/supervisor";
  EXPECT_EQ(start_error(options).code, Errc::internal);
}

TEST_F(ProcessTest, FindsProgramsAsExecvpDoes) {
  EXPECT_EQ(find_program("sh", "/no/such:/bin"), "/bin/sh");
  EXPECT_EQ(find_program("/bin/sh", ""), "/bin/sh");
  EXPECT_EQ(find_program("", "/bin").error().code, Errc::not_found);
  EXPECT_EQ(find_program("passwd", "/etc").error().code, Errc::denied);
}

TEST_F(ProcessTest, GivesTheChildOnlyWhatItWasGiven) {
  setenv("MCPO_SECRET_OF_PARENT", "x", 1);
  const int leaked = open("/dev/null", O_RDONLY);  // not close-on-exec
  ProcessOptions options = shell("pwd; echo \"[$A][$MCPO_SECRET_OF_PARENT]\"; ls /proc/self/fd");
  options.cwd = "/usr";
  options.environment["A"] = "b c";
  auto process = start(options);
  EXPECT_EQ(run(read_all(process.get())), "/usr\n[b c][]\n0\n1\n2\n3\n");  // 3: that of ls
  EXPECT_EQ(wait(*process).code, 0);
  close(leaked);
}

TEST_F(ProcessTest, ReportsExitCodesAndSignals) {
  EXPECT_EQ(wait(*start(shell("exit 3"))).describe(), "exit code 3");
  EXPECT_EQ(wait(*start(shell("kill -9 $$"))).describe(), "killed by signal 9 (Killed)");
}

TEST_F(ProcessTest, ReadsStderrApart) {
  auto process = start(shell("echo out; echo err >&2"));
  std::vector<char> buffer(100);
  auto size = run(process->read_stderr(buffer));
  ASSERT_TRUE(size);
  EXPECT_EQ(std::string(buffer.data(), *size), "err\n");
  EXPECT_EQ(run(read_all(process.get())), "out\n");
}

TEST_F(ProcessTest, RunsAScriptWithoutInterpreterLine) {
  const fs::path script = fs::temp_directory_path() / ("mcpo_script_" + std::to_string(getpid()));
  std::ofstream(script) << "echo \"hello $1\"\n";
  fs::permissions(script, fs::perms::owner_all);
  ProcessOptions options = shell("");
  options.command = script.filename().string();
  options.args = {"you"};
  options.environment["PATH"] = script.parent_path().string();
  auto process = start(options);
  EXPECT_EQ(run(read_all(process.get())), "hello you\n");
  wait(*process);
  fs::remove(script);
}

TEST_F(ProcessTest, WritingToAChildThatLeftIsUnavailable) {
  auto process = start(shell("exit 0"));
  wait(*process);
  EXPECT_EQ(run(process->write_stdin("x")).error().code, Errc::unavailable);
}

TEST_F(ProcessTest, WaitAndReadHonourDeadlineAndCancellation) {
  auto process = start(shell("exec sleep 1000"));
  EXPECT_EQ(run(process->wait(Deadline::in(Millis(5)))).error().code, Errc::timeout);
  EXPECT_EQ(run(with_deadline(read_line(process.get()), Deadline::in(Millis(5)), "read")).error(),
            (Error{Errc::timeout, "read"}));
}

TEST_F(ProcessTest, TerminateEndsWhatIgnoresEndOfFileAndSigterm) {
  auto process = start(shell("trap '' TERM; echo $$; while :; do sleep 1; done"));
  const auto pids = numbers(run(read_line(process.get())).value_or(""));
  ASSERT_EQ(pids.size(), 1U);
  process->terminate();
  process->terminate();
  EXPECT_EQ(wait(*process).signal, SIGKILL);
  EXPECT_FALSE(is_alive(pids[0]));
}

TEST_F(ProcessTest, TerminateAsksFirst) {
  ProcessOptions options = shell("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done");
  options.kill_grace = Millis(60000);
  auto process = start(options);
  EXPECT_EQ(run(read_line(process.get())), "up\n");
  process->terminate();
  EXPECT_EQ(wait(*process).code, 7);
}

TEST_F(ProcessTest, EachEndsAlone) {
  ProcessOptions options = shell("exec cat");
  options.kill_grace = Millis(60000);
  auto first = start(options);
  auto second = start(shell("exec cat"));
  first->terminate();  // the second holds no copy of the first's pipes
  EXPECT_NE(wait(*first).signal, SIGKILL);
  EXPECT_TRUE(is_alive(second->supervisor_pid()));
}

TEST_F(ProcessTest, TerminateReachesAChildThatHasNotYetBegun) {
  ProcessOptions options = shell("exec sleep 1000");
  options.kill_grace = Millis(60000);  // so that a lost SIGTERM shows
  for (int i = 0; i < 50; ++i) {
    auto process = start(options);
    process->terminate();
    EXPECT_EQ(wait(*process).signal, SIGTERM);
  }
}

// Tells its own number and its supervisor's, and those of two generations that leave the session
// and the process group. All ignore SIGTERM.
constexpr const char* kFlight =
    "trap '' TERM; echo $$ $PPID; "
    "setsid sh -c 'echo $$; setsid sh -c \"echo \\$\\$; sleep 1000\" & sleep 1000' & ";

TEST_F(ProcessTest, TerminateFindsGrandchildrenThatFled) {
  auto process = start(shell(std::string(kFlight) + "sleep 1000"));
  std::string text;
  while (numbers(text).size() < 4) text += run(read_line(process.get())).value();
  for (pid_t pid : numbers(text)) EXPECT_TRUE(is_alive(pid));
  process->terminate();
  wait(*process);
  for (pid_t pid : numbers(text)) EXPECT_FALSE(is_alive(pid)) << pid;
}

TEST_F(ProcessTest, WhatAChildLeavesBehindEndsWithIt) {
  auto process = start(shell(std::string(kFlight) + "read line; exit 4"));
  std::string text;
  while (numbers(text).size() < 4) text += run(read_line(process.get())).value();
  process->close_stdin();
  EXPECT_EQ(wait(*process).code, 4);
  for (pid_t pid : numbers(text)) EXPECT_FALSE(is_alive(pid)) << pid;
}

TEST_F(ProcessTest, KilledSupervisorTakesTheGroupAlong) {
  auto process = start(shell("sleep 1000 & echo $$ $!; wait"));
  const auto pids = numbers(run(read_line(process.get())).value_or(""));
  ASSERT_EQ(pids.size(), 2U);
  kill(process->supervisor_pid(), SIGKILL);
  EXPECT_EQ(wait(*process).signal, SIGKILL);
  const Deadline limit = soon();  // no longer our descendants: they can only be looked for
  for (pid_t pid : pids) {
    while (is_alive(pid) && !limit.expired()) std::this_thread::yield();
    EXPECT_FALSE(is_alive(pid)) << pid;
  }
}

// Those who were started with MARK in their environment.
std::vector<pid_t> alive_with(const std::string& mark) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path() / "environ").rdbuf();
    if (text.str().find(mark) != std::string::npos && is_alive(pid)) found.push_back(pid);
  }
  return found;
}

TEST_F(ProcessTest, SupervisorKilledAtAnyMomentTakesTheGroupAlong) {
  const std::string mark = "MCPO_MARK_" + std::to_string(getpid());
  ProcessOptions options = shell("sleep 1000 & sleep 1000 & wait");
  options.environment[mark] = "1";
  for (int i = 0; i < 60; ++i) {
    auto process = start(options);
    // Any moment of its start is a case; nothing tells from outside which one it is at.
    std::this_thread::sleep_for(std::chrono::microseconds(i * 400));
    kill(process->supervisor_pid(), SIGKILL);
    EXPECT_EQ(wait(*process).signal, SIGKILL);
  }
  const Deadline limit = soon();  // no longer our descendants: they can only be looked for
  while (!alive_with(mark).empty() && !limit.expired()) std::this_thread::yield();
  EXPECT_TRUE(alive_with(mark).empty());
}

TEST_F(ProcessTest, KilledParentLeavesNobody) {
  int out[2];
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0);
  const pid_t parent = fork();
  if (parent == 0) {
    dup2(out[1], 1);
    const std::string script = std::string(kFlight) + "sleep 1000";
    execl("/proc/self/exe", "async_test", "__hold", "sh", "-c", script.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  std::string text;
  char byte = 0;
  auto complete = [&] { return text.ends_with('\n') && numbers(text).size() == 4; };
  while (!complete() && read(out[0], &byte, 1) == 1) text += byte;
  close(out[0]);
  const auto pids = numbers(text);
  ASSERT_EQ(pids.size(), 4U) << text;
  for (pid_t pid : pids) EXPECT_TRUE(is_alive(pid)) << pid;
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  const Deadline limit = soon();
  for (pid_t pid : pids) {
    while (is_alive(pid) && !limit.expired()) std::this_thread::yield();
    EXPECT_FALSE(is_alive(pid)) << pid;
  }
}

TEST_F(ProcessTest, ManyLeaveNoZombiesAndNoDescriptors) {
  wait(*start(shell("exit 0")));
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    auto process = start(shell("exit 0"));
    if (i % 2 == 0) {
      EXPECT_EQ(wait(*process).code, 0);
    }
  }
  // Those nobody waited for are reaped all the same, as long as the loop runs.
  io_.run_for(std::chrono::seconds(90));
  io_.restart();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace mcpo::async
