// The client over Unix sockets: a request goes where its URL's socket says.
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <filesystem>

#include "http/test_support.h"

namespace mcpo::http {
namespace {

using local = asio::local::stream_protocol;

class UnixSocketTest : public LoopTest {
 public:
  UnixSocketTest() {
    folder = testing::TempDir() + "mcpo-unix-" + std::to_string(getpid());
    std::filesystem::create_directories(folder);
    client = make_client(context.get_executor(), {}, Logger::none());
  }
  ~UnixSocketTest() override { std::filesystem::remove_all(folder); }

  // Answers every request with the name of the socket that it came through.
  void serve(const std::string& name) {
    const local::endpoint where(folder + "/" + name);
    asio::co_spawn(context, accept(*this, local::acceptor(context, where), name), asio::detached);
  }
  async::Co<std::string> ask(std::string name) {
    Request request{.method = "GET", .target = "/who", .headers = {}, .body = ""};
    Url url = unix_url(folder + "/" + name);
    auto response = co_await client->open(std::move(url), std::move(request),
                                          Client::Retry::idempotent, soon());
    if (!response) co_return response.error().message;
    co_return (co_await read_body(*response->body, 100, soon())).value_or("no body");
  }

  std::string folder;
  std::unique_ptr<Client> client;
  std::vector<std::string> requests;
  int connections = 0;

 private:
  static async::Co<> accept(UnixSocketTest& t, local::acceptor acceptor, std::string name) {
    while (true) {
      local::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
      ++t.connections;
      asio::co_spawn(t.context, answer(t, std::move(socket), name), asio::detached);
    }
  }
  static async::Co<> answer(UnixSocketTest& t, local::socket socket, std::string name) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(name.size()) + "\r\n\r\n" + name;
    char buffer[4096];
    while (true) {
      auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), tuple());
      if (error) co_return;
      t.requests.emplace_back(buffer, size);
      co_await asio::async_write(socket, asio::buffer(text), tuple());
    }
  }
};

TEST_F(UnixSocketTest, KeepsConnectionsPerSocket) {
  serve("a.sock");
  serve("b.sock");
  auto body = [](UnixSocketTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("a.sock"), "a.sock");
    EXPECT_EQ(co_await t.ask("b.sock"), "b.sock");
    EXPECT_EQ(co_await t.ask("a.sock"), "a.sock");
    EXPECT_EQ(t.connections, 2);
    EXPECT_TRUE(t.requests.at(0).starts_with("GET /who HTTP/1.1\r\nHost: localhost\r\n"));
  };
  run(body(*this));
}

TEST_F(UnixSocketTest, SaysWhichSocketCannotBeReached) {
  auto body = [](UnixSocketTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("none"),
              "connect to unix:" + t.folder + "/none: no such file or directory");
    const std::string answer = co_await t.ask(std::string(200, 'x'));
    EXPECT_TRUE(has(answer, "the socket's path is longer than the system allows")) << answer;
  };
  run(body(*this));
}

TEST(UnixUrl, IsAnOriginOfItsOwn) {
  const Url url = unix_url("/run/thv.sock");
  EXPECT_EQ(url.origin(), "http://unix:/run/thv.sock");
  EXPECT_EQ(url.authority(), "localhost");
  EXPECT_NE(url, *parse_url("http://localhost/"));
}

}  // namespace
}  // namespace mcpo::http
