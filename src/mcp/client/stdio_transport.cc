#include "mcp/client/stdio_transport.h"

#include <deque>

#include "async/notifier.h"
#include "async/process.h"
#include "async/task_scope.h"
#include "base/text.h"
#include "mcp/client/pending_requests.h"

namespace mcpo::mcp {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxQueuedBytes = std::size_t{64} << 20;  // to a child that does not read
constexpr std::size_t kMaxLogLine = 4'000;
constexpr std::size_t kLastWordsBytes = 300;
constexpr Millis kExitWait{2'000};        // from the end of its stdout to its exit status
constexpr Millis kPoliteExitWait{1'000};  // after stdin was closed, before signals
constexpr int kRubbishLines = 5;          // logged a minute
constexpr int kStderrLines = 100;         // logged each ten seconds
constexpr std::size_t kMaxRubbishBytes = std::size_t{256} << 10;  // between two messages

class StdioTransport final : public Transport, public std::enable_shared_from_this<StdioTransport> {
 public:
  StdioTransport(async::Executor executor, std::unique_ptr<async::Process> process,
                 const ClientOptions& options, Logger& log)
      : process_(std::move(process)),
        name_(options.server_name),
        max_message_bytes_(options.max_message_bytes),
        log_(log),
        pending_(executor),
        queued_(executor),
        scope_(executor, log) {}

  void start() {
    scope_.spawn("read " + name_, read(shared_from_this()));
    scope_.spawn("write " + name_, write(shared_from_this()));
    scope_.spawn("stderr of " + name_, read_stderr(shared_from_this()));
  }

  void set_events(Events events) override { events_ = std::move(events); }
  void negotiated(Era, std::string) override {}
  void listen() override {}
  bool cancels_by_closing() const override { return false; }
  bool is_http() const override { return false; }

  async::Task<Message> request(OutgoingRequest request) override {
    const auto self = shared_from_this();
    const auto entry = pending_.add(request.id);
    CO_CHECK_OK(enqueue(std::move(request.text)));
    co_return co_await wait_for(*entry, std::move(request.patience));
  }

  async::Task<void> send(std::string text) override { co_return enqueue(std::move(text)); }

  async::Task<void> close(async::Deadline deadline) override {
    const auto self = shared_from_this();
    closing_ = true;
    process_->close_stdin();
    auto gone = co_await process_->wait(deadline.earlier(async::Deadline::in(kPoliteExitWait)));
    if (!gone) {
      process_->terminate();
      gone = co_await process_->wait(deadline);
    }
    died("closed");
    (void)co_await scope_.close(async::Deadline::in(kPoliteExitWait));
    if (!gone) co_return std::unexpected(gone.error());
    co_return Result<void>{};
  }

  void abandon() override {
    closing_ = true;
    events_ = {};
    process_->terminate();
    scope_.cancel();
  }

 private:
  Result<void> enqueue(std::string text) {
    if (!death_.empty()) return fail(Errc::unavailable, death_);
    if (queued_bytes_ > kMaxQueuedBytes) {
      return fail(Errc::unavailable, "busy: the server does not read what is sent to it");
    }
    text.push_back('\n');
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    queued_.notify_all();
    return {};
  }

  async::Task<void> write(std::shared_ptr<StdioTransport>) {
    while (true) {
      while (queue_.empty()) {
        CO_CHECK_OK(co_await queued_.wait_change(queued_.version(), async::Deadline::never()));
      }
      std::string text = std::move(queue_.front());
      queue_.pop_front();
      queued_bytes_ -= text.size();
      auto written = co_await process_->write_stdin(std::move(text));
      // Its end is told by the reader, with its last words.
      if (!written) co_return Result<void>{};
    }
  }

  async::Task<void> read(std::shared_ptr<StdioTransport>) {
    std::string line;
    std::string chunk(kReadBytes, '\0');
    while (true) {
      auto size = co_await process_->read_stdout({chunk.data(), chunk.size()});
      if (!size && size.error().code == Errc::cancelled) co_return std::unexpected(size.error());
      if (!size || *size == 0) break;
      if (auto taken = take(std::string_view(chunk).substr(0, *size), line); !taken) {
        process_->terminate();
        died(taken.error().message);
        co_return Result<void>{};
      }
    }
    co_await tell_end();
    co_return Result<void>{};
  }

  Result<void> take(std::string_view bytes, std::string& line) {
    while (true) {
      const auto end = bytes.find('\n');
      line.append(bytes.substr(0, end));
      if (line.size() > max_message_bytes_) {
        return fail(Errc::too_large, "it sent a line of more than " +
                                         std::to_string(max_message_bytes_) +
                                         " bytes (--max-upstream-message-bytes)");
      }
      if (end == std::string_view::npos) return {};
      bytes.remove_prefix(end + 1);
      take_line(std::exchange(line, {}));
      if (rubbish_bytes_ > kMaxRubbishBytes) {
        return fail(Errc::corrupt, "it floods its stdout: " + std::to_string(rubbish_bytes_) +
                                       " bytes that are not JSON");
      }
    }
  }

  void take_line(std::string line) {
    if (trim(line).empty()) return;
    const std::size_t size = line.size();
    auto message = parse_message(std::move(line), {.max_bytes = max_message_bytes_});
    if (message) {
      rubbish_bytes_ = 0;
      return deliver(*std::move(message));
    }
    rubbish_bytes_ += size;
    const auto pass = rubbish_.pass(SystemClock().wall_now().unix_ms);
    if (!pass.allowed) return;
    log_.warn("a server wrote something else than MCP on its stdout; skipped",
              {{"server", name_}, {"cause", message.error().message}});
  }

  void deliver(Message message) {
    const bool is_answer =
        message.kind == MessageKind::result || message.kind == MessageKind::error;
    if (is_answer) {
      pending_.resolve(std::move(message));
    } else if (events_.on_message) {
      events_.on_message(std::move(message));
    }
  }

  // Its stdout has ended: no answer can come any more, whatever its process still does.
  async::Co<> tell_end() {
    auto status = co_await process_->wait(async::Deadline::in(kExitWait));
    std::string reason = "it closed its stdout";
    if (status) reason = "the process ended: " + status->describe();
    if (!last_words_.empty()) reason += "; last words: " + last_words_;
    process_->terminate();
    died(std::move(reason));
  }

  void died(std::string reason) {
    if (!death_.empty()) return;
    death_ = std::move(reason);
    pending_.fail_all({Errc::unavailable, death_});
    if (events_.on_closed && !closing_) events_.on_closed(death_);
  }

  async::Task<void> read_stderr(std::shared_ptr<StdioTransport>) {
    std::string line;
    std::string chunk(4096, '\0');
    while (true) {
      CO_TRY(std::size_t size, co_await process_->read_stderr({chunk.data(), chunk.size()}));
      if (size == 0) co_return Result<void>{};
      for (char c : std::string_view(chunk).substr(0, size)) {
        if (c != '\n') {
          if (line.size() < kMaxLogLine) line.push_back(c);
          continue;
        }
        log_stderr(std::exchange(line, {}));
      }
    }
  }

  void log_stderr(const std::string& line) {
    const std::string_view text = trim(line);
    if (text.empty()) return;
    last_words_ = ellipsized(to_valid_utf8(text), kLastWordsBytes);
    const auto pass = stderr_.pass(SystemClock().wall_now().unix_ms);
    if (!pass.allowed) return;
    if (pass.suppressed > 0) {
      log_.warn("lines of a server's stderr were left out",
                {{"server", name_}, {"lines", pass.suppressed}});
    }
    log_.info(text, {{"server", name_}, {"stream", "stderr"}});
  }

  std::unique_ptr<async::Process> process_;
  std::string name_;
  std::size_t max_message_bytes_;
  Logger& log_;
  Events events_;
  PendingRequests pending_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  async::Notifier queued_;
  LogRateLimit rubbish_{kRubbishLines, 60'000};
  LogRateLimit stderr_{kStderrLines, 10'000};
  std::size_t rubbish_bytes_ = 0;  // since the last message
  std::string last_words_;
  std::string death_;
  bool closing_ = false;
  async::TaskScope scope_;
};

}  // namespace

Result<std::shared_ptr<Transport>> start_stdio_transport(async::Executor executor,
                                                         const StdioSpec& spec,
                                                         const ClientOptions& options,
                                                         Logger& log) {
  async::ProcessOptions process;
  process.command = spec.command;
  process.args = spec.args;
  process.cwd = spec.cwd;
  process.environment = options.base_environment;
  for (const auto& [name, value] : spec.env) process.environment[name] = value;
  process.supervisor = options.supervisor;
  TRY(auto child, async::Process::start(executor, std::move(process)));
  auto transport =
      std::make_shared<StdioTransport>(std::move(executor), std::move(child), options, log);
  transport->start();
  return transport;
}

}  // namespace mcpo::mcp
