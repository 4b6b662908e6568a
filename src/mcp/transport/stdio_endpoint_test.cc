#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "mcp/server_fake.h"
#include "mcp/transport/endpoint.h"
#include "mcp/transport/line_splitter.h"

namespace mcpo::mcp {
namespace {

constexpr const char* kInitialize =
    R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}})";
constexpr const char* kModernMeta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
    R"("io.modelcontextprotocol/clientCapabilities":{}})";

std::string call(std::string_view tool, std::string_view id, std::string_view meta = "{}") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) +
         R"(,"method":"tools/call","params":{"name":")" + std::string(tool) + R"(","_meta":)" +
         std::string(meta) + "}}";
}

std::string modern(std::string_view method, std::string_view id, std::string_view params = "") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) +
         R"(","params":{)" + std::string(params) + kModernMeta + "}}";
}

// A server on two pipes, driven by hand.
class StdioHarness {
 public:
  StdioHarness() : features(io.get_executor()) {
    std::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe(to_server_), 0);
    EXPECT_EQ(::pipe2(from_server_, O_NONBLOCK), 0);
    ::fcntl(from_server_[1], F_SETFL, 0);
    EndpointOptions options;
    options.max_calls_per_session = 3;
    options.json.max_bytes = 4'096;
    boost::asio::co_spawn(io,
                          serve_stdio(io.get_executor(), options, features, Logger::none(),
                                      to_server_[0], from_server_[1]),
                          [this](std::exception_ptr, Result<void> served) {
                            finished = true;
                            ok = served.has_value();
                          });
    poll();
  }
  ~StdioHarness() {
    close_input();
    features.release();
    while (!finished) io.run_one();
    for (int fd : {to_server_[0], from_server_[0], from_server_[1]}) ::close(fd);
  }

  void send(std::string_view line) {
    const std::string text = std::string(line) + "\n";
    EXPECT_EQ(::write(to_server_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    poll();
  }
  void close_input() {
    if (to_server_[1] >= 0) ::close(to_server_[1]);
    to_server_[1] = -1;
  }
  void close_output() { ::close(from_server_[0]); }
  void poll() {
    io.restart();
    while (io.poll() > 0) {
    }
  }
  void run_to_end() {
    io.restart();
    while (!finished) io.run_one();
  }
  // All that was written since the last time.
  std::string read() {
    std::string out;
    char buffer[4096];
    for (ssize_t n; (n = ::read(from_server_[0], buffer, sizeof buffer)) > 0;) {
      out.append(buffer, static_cast<std::size_t>(n));
    }
    return out;
  }
  std::string ask(std::string_view line) {
    send(line);
    return read();
  }

  boost::asio::io_context io;
  FakeFeatures features;
  bool finished = false;
  bool ok = false;

 private:
  int to_server_[2];
  int from_server_[2];
};

TEST(Stdio, S16_OneLineForEachAnswer) {
  StdioHarness h;
  const std::string opened = h.ask(kInitialize);
  EXPECT_NE(opened.find(R"("id":0,"result":{"protocolVersion":"2025-06-18")"), std::string::npos);
  EXPECT_EQ(opened.find('\n'), opened.size() - 1);
  EXPECT_EQ(h.ask(R"({"jsonrpc":"2.0","method":"notifications/initialized"})"), "");
  EXPECT_EQ(h.ask(call("echo", "\"a\"")),
            R"({"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"{}"}]}})"
            "\n");
}

TEST(Stdio, S19_BadLinesAreAnsweredWithoutIdAndEndNothing) {
  StdioHarness h;
  EXPECT_EQ(h.ask("{").substr(0, 41), R"({"jsonrpc":"2.0","error":{"code":-32700,")");
  EXPECT_EQ(h.ask("  \r"), "");
  EXPECT_NE(h.ask(std::string(5'000, 'x')).find("too large"), std::string::npos);
  EXPECT_EQ(h.ask(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"),
            R"({"jsonrpc":"2.0","id":1,"result":{}})"
            "\n");
}

TEST(Stdio, S09_LegacyRequestsNeedInitialize) {
  StdioHarness h;
  EXPECT_NE(h.ask(call("echo", "1")).find(R"("id":1,"error":{"code":-32600)"), std::string::npos);
}

TEST(Stdio, S14_ModernRequestsNeedNoSessionAndCoexist) {
  StdioHarness h;
  EXPECT_NE(h.ask(modern("server/discover", "1")).find(R"("supportedVersions":["2026-07-28"])"),
            std::string::npos);
  h.ask(kInitialize);
  EXPECT_NE(h.ask(modern("tools/list", "2")).find("resultType"), std::string::npos);
  EXPECT_EQ(h.ask(R"({"jsonrpc":"2.0","id":3,"method":"tools/list"})").find("resultType"),
            std::string::npos);
  EXPECT_NE(h.ask(modern("ping", "4")).find("-32601"), std::string::npos);
}

TEST(Stdio, S68_ProgressComesBeforeTheResponse) {
  StdioHarness h;
  h.ask(kInitialize);
  const std::string out = h.ask(call("progress", "1", R"({"progressToken":9})"));
  EXPECT_LT(out.find(R"("progress":1)"), out.find(R"("progress":2)"));
  EXPECT_LT(out.find(R"("progress":2)"), out.find(R"("result")"));
}

TEST(Stdio, S72_CancelledCallsAreNotAnswered) {
  StdioHarness h;
  h.ask(kInitialize);
  h.ask(call("wait", "1"));
  EXPECT_EQ(h.ask(call("wait", "1")).find("running already") == std::string::npos, false);
  EXPECT_EQ(h.ask(R"({"jsonrpc":"2.0","method":"notifications/cancelled",)"
                  R"("params":{"requestId":1}})"),
            "");
  EXPECT_EQ(h.features.cancelled, 1);
  EXPECT_EQ(h.features.waiting, 0);
}

TEST(Stdio, CallsAreBounded) {
  StdioHarness h;
  h.ask(kInitialize);
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(h.ask(call("wait", id)), "");
  EXPECT_NE(h.ask(call("echo", "4")).find(R"("id":4,"error":{"code":-32603)"), std::string::npos);
}

TEST(Stdio, S03_BatchesIn25aSessionsOnly) {
  StdioHarness h;
  const std::string batch =
      R"([{"jsonrpc":"2.0","id":1,"method":"ping"},7,)" + call("echo", "2") + "]";
  EXPECT_NE(h.ask(batch).find("-32600"), std::string::npos);
  h.ask(
      R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})");
  const std::string out = h.ask(batch);
  EXPECT_EQ(out.substr(0, 39), R"([{"jsonrpc":"2.0","id":1,"result":{}},{)");
  EXPECT_NE(out.find(R"("id":2,"result")"), std::string::npos);
}

TEST(Stdio, S18_ListenIsAcknowledgedAndEndedInGoodOrder) {
  StdioHarness h;
  const std::string listen = modern("subscriptions/listen", "5", R"("notifications":{},)");
  EXPECT_NE(h.ask(listen).find(R"("io.modelcontextprotocol/subscriptionId":5)"), std::string::npos);
  h.close_input();
  h.run_to_end();
  const std::string out = h.read();
  EXPECT_LT(out.find(R"("id":5,"result")"), out.find(R"("method":"notifications/cancelled")"));
}

TEST(Stdio, S17_EndOfInputEndsTheServerAfterWhatRuns) {
  StdioHarness h;
  h.ask(kInitialize);
  h.send(call("wait", "1"));
  h.close_input();
  h.poll();
  EXPECT_FALSE(h.finished);
  h.features.release();
  h.run_to_end();
  EXPECT_TRUE(h.ok);
  EXPECT_NE(h.read().find(R"("id":1,"result")"), std::string::npos);
}

TEST(Stdio, BrokenOutputEndsTheServer) {
  StdioHarness h;
  h.close_output();
  h.send(kInitialize);
  h.run_to_end();
  EXPECT_TRUE(h.ok);
}

TEST(Stdio, FilesCanStandForPipes) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  std::fputs((std::string(kInitialize) + "\n" + call("echo", "1")).c_str(), in);  // no last newline
  std::rewind(in);
  boost::asio::io_context io;
  FakeFeatures features(io.get_executor());
  bool finished = false;
  boost::asio::co_spawn(
      io, serve_stdio(io.get_executor(), {}, features, Logger::none(), ::fileno(in), ::fileno(out)),
      [&](std::exception_ptr, Result<void>) { finished = true; });
  while (!finished) io.run_one();
  char buffer[4096];
  std::rewind(out);
  const std::string text(buffer, std::fread(buffer, 1, sizeof buffer, out));
  EXPECT_NE(text.find(R"("id":1,"result")"), std::string::npos) << text;
  std::fclose(in);
  std::fclose(out);
}

TEST(LineSplitter, GivesTheSameLinesAtAnySplit) {
  const std::string text = "one\n\n two\r\nthree too long\nfour";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    LineSplitter splitter(8);
    std::string seen;
    auto add = [&seen](const LineSplitter::Line& line) {
      seen += "[" + line.text + (line.too_long ? "!" : "") + "]";
    };
    for (auto& line : splitter.push(std::string_view(text).substr(0, split))) add(line);
    for (auto& line : splitter.push(std::string_view(text).substr(split))) add(line);
    if (auto last = splitter.finish()) add(*last);
    EXPECT_EQ(seen, "[one][ two\r][!][four]") << split;
  }
}

}  // namespace
}  // namespace mcpo::mcp
