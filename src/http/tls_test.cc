// The client over TLS, against a server with a certificate made here.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/ssl.hpp>
#include <filesystem>

#include "http/test_support.h"

namespace mcpo::http {
namespace {

struct Certificate {
  std::string pem;
  std::string key_pem;
};

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return out;
}

// Self-signed, for the names in `alternative`, "DNS:localhost".
Certificate make_certificate(const char* alternative) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternative);
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  Certificate out;
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  out.pem = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  out.key_pem = text_of(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

class TlsTest : public LoopTest {
 public:
  TlsTest() {
    const Certificate certificate = make_certificate("DNS:localhost");
    server_tls.use_certificate_chain(asio::buffer(certificate.pem));
    server_tls.use_private_key(asio::buffer(certificate.key_pem), asio::ssl::context::pem);
    ca_file = (std::filesystem::temp_directory_path() /
               ("mcpo_tls_test_" + std::to_string(::getpid()) + ".pem"))
                  .string();
    FILE* file = std::fopen(ca_file.c_str(), "w");
    std::fputs(certificate.pem.c_str(), file);
    std::fclose(file);
    acceptor.open(tcp::v4());
    acceptor.bind(tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    acceptor.listen();
    asio::co_spawn(context, accept(*this), asio::detached);
  }
  ~TlsTest() override { std::filesystem::remove(ca_file); }

  async::Co<std::string> ask(std::string host, std::string ca, int times) {
    auto client = make_client(context.get_executor(), {.ca_file = ca}, Logger::none());
    std::string out;
    for (int i = 0; i < times; ++i) {
      Url url = *parse_url("https://" + host + ":" +
                           std::to_string(acceptor.local_endpoint().port()) + "/?secret");
      Request request{.method = "POST", .body = "x"};
      auto response = co_await client->open(std::move(url), std::move(request),
                                            Client::Retry::only_if_unsent, soon());
      if (!response) co_return response.error().message;
      auto body = co_await read_body(*response->body, 1 << 20, soon());
      out += body ? *body : body.error().message;
    }
    co_return out;
  }

  asio::ssl::context server_tls{asio::ssl::context::tls_server};
  tcp::acceptor acceptor{context};
  std::string ca_file;
  int connections = 0;
  std::string server_name;  // that the last client asked for

 private:
  static async::Co<> accept(TlsTest& t) {
    while (true) {
      tcp::socket socket = co_await t.acceptor.async_accept(asio::use_awaitable);
      ++t.connections;
      asio::co_spawn(t.context, serve(t, std::move(socket)), asio::detached);
    }
  }
  static async::Co<> serve(TlsTest& t, tcp::socket socket) {
    asio::ssl::stream<tcp::socket> stream(std::move(socket), t.server_tls);
    auto [failed] = co_await stream.async_handshake(asio::ssl::stream_base::server, tuple());
    if (failed) co_return;
    const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    t.server_name = name == nullptr ? "" : name;
    std::string in(4096, '\0');
    while (true) {
      auto [error, size] = co_await stream.async_read_some(asio::buffer(in), tuple());
      if (error) co_return;
      const std::string out =
          "HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n" + std::string(40'000, 'y');
      co_await asio::async_write(stream, asio::buffer(out), tuple());
    }
  }
};

TEST_F(TlsTest, TalksToAServerItCanVerifyAndKeepsTheConnection) {
  auto body = [](TlsTest& t) -> async::Co<> {
    EXPECT_EQ(co_await t.ask("localhost", t.ca_file, 3), std::string(120'000, 'y'));
    EXPECT_EQ(t.server_name, "localhost");
    EXPECT_EQ(t.connections, 1);
  };
  run(body(*this));
}

TEST_F(TlsTest, RefusesAnUnknownAuthority) {
  auto body = [](TlsTest& t) -> async::Co<> {
    const std::string error = co_await t.ask("localhost", "", 1);
    EXPECT_TRUE(error.starts_with("connect to localhost:")) << error;
    EXPECT_TRUE(has(error, "TLS: ") && has(error, "self-signed certificate")) << error;
    EXPECT_FALSE(has(error, "secret")) << error;
  };
  run(body(*this));
}

TEST_F(TlsTest, RefusesACertificateOfAnotherName) {
  auto body = [](TlsTest& t) -> async::Co<> {
    const std::string error = co_await t.ask("127.0.0.1", t.ca_file, 1);
    EXPECT_TRUE(has(error, "TLS: ") && has(error, "verify failed")) << error;
  };
  run(body(*this));
}

TEST_F(TlsTest, NamesACertificateFileThatCannotBeRead) {
  auto body = [](TlsTest& t) -> async::Co<> {
    const std::string error = co_await t.ask("localhost", "/nowhere/ca.pem", 1);
    EXPECT_TRUE(has(error, "/nowhere/ca.pem")) << error;
  };
  run(body(*this));
}

}  // namespace
}  // namespace mcpo::http
