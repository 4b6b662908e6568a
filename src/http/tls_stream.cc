#include "http/tls_stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace mcpo::http {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using boost::system::error_code;

constexpr std::size_t kReadBytes = std::size_t{16} << 10;  // one TLS record

auto tuple() { return asio::as_tuple(asio::use_awaitable); }

class TlsStream final : public ByteStream {
 public:
  TlsStream(std::unique_ptr<SocketStream> tcp, ssl::context& context)
      : tcp_(std::move(tcp)), tls_(tcp_->socket(), context) {}

  async::Task<void> handshake(std::string host, async::Deadline deadline);

  async::Task<std::string_view> read_some(async::Deadline deadline) override {
    CO_CHECK_OK(co_await async::check_cancelled());
    buffer_.resize(kReadBytes);
    tcp_->begin_wait(deadline);
    auto [error, size] = co_await tls_.async_read_some(asio::buffer(buffer_), tuple());
    if (error == asio::error::eof) {
      (void)tcp_->end_wait({});
      co_return std::string_view();
    }
    CO_CHECK_OK(tcp_->end_wait(error));
    co_return std::string_view(buffer_).substr(0, size);
  }

  // One buffer, so that head and body share a record.
  async::Task<void> write(std::string_view head, std::string_view body,
                          async::Deadline deadline) override {
    CO_CHECK_OK(co_await async::check_cancelled());
    std::string bytes;
    bytes.reserve(head.size() + body.size());
    bytes.append(head).append(body);
    tcp_->begin_wait(deadline);
    auto [error, size] = co_await asio::async_write(tls_, asio::buffer(bytes), tuple());
    co_return tcp_->end_wait(error);
  }

  bool is_quiet() override { return tcp_->is_quiet(); }
  void rest() override {
    tcp_->rest();
    buffer_ = {};
  }

 private:
  std::unique_ptr<SocketStream> tcp_;
  ssl::stream<SocketStream::Socket&> tls_;
  std::string buffer_;
};

// "certificate verify failed" alone does not tell people what to do.
std::string describe_handshake(const error_code& error, SSL* handle) {
  std::string text = "TLS: " + describe(error);
  const long verified = SSL_get_verify_result(handle);
  if (verified != X509_V_OK) text.append(": ").append(X509_verify_cert_error_string(verified));
  return text;
}

async::Task<void> TlsStream::handshake(std::string host, async::Deadline deadline) {
  CO_CHECK_OK(co_await async::check_cancelled());
  error_code error;
  asio::ip::make_address(host, error);
  // An address has no server name indication (RFC 6066 section 3).
  if (error) SSL_set_tlsext_host_name(tls_.native_handle(), host.c_str());
  tls_.set_verify_mode(ssl::verify_peer);
  tls_.set_verify_callback(ssl::host_name_verification(host));
  tcp_->begin_wait(deadline);
  auto [failed] = co_await tls_.async_handshake(ssl::stream_base::client, tuple());
  Result<void> ended = tcp_->end_wait(failed);
  if (!ended && ended.error().code == Errc::unavailable) {
    co_return fail(Errc::unavailable, describe_handshake(failed, tls_.native_handle()));
  }
  co_return ended;
}

}  // namespace

struct TlsContext::Impl {
  ssl::context context{ssl::context::tls_client};
  std::string fault;
};

TlsContext::TlsContext(const std::string& ca_file) : impl_(std::make_unique<Impl>()) {
  SSL_CTX_set_min_proto_version(impl_->context.native_handle(), TLS1_2_VERSION);
  error_code error;
  if (ca_file.empty()) {
    impl_->context.set_default_verify_paths(error);
  } else {
    impl_->context.load_verify_file(ca_file, error);
  }
  if (error) {
    impl_->fault = "TLS: cannot read the certificates" +
                   (ca_file.empty() ? std::string() : " in " + ca_file) + ": " + describe(error);
  }
}

TlsContext::~TlsContext() = default;

async::Task<std::unique_ptr<ByteStream>> TlsContext::handshake(std::unique_ptr<SocketStream> tcp,
                                                               std::string host,
                                                               async::Deadline deadline) {
  if (!impl_->fault.empty()) co_return fail(Errc::unavailable, impl_->fault);
  auto stream = std::make_unique<TlsStream>(std::move(tcp), impl_->context);
  CO_CHECK_OK(co_await stream->handshake(std::move(host), deadline));
  co_return std::unique_ptr<ByteStream>(std::move(stream));
}

}  // namespace mcpo::http
