#include "embed/service_encoder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "embed/model_settings.h"

namespace mcpo::embed {
namespace {

// Services that do not cut long texts refuse them. More bytes than the tokens of nearly any text.
constexpr std::size_t kBytesPerToken = 8;

// Failures of one request's content say nothing about the next one's.
bool is_about_the_text(Errc code) { return code == Errc::invalid || code == Errc::too_large; }

Errc code_of(int status) {
  if (status == 401 || status == 403) return Errc::denied;
  if (status == 404 || status == 405) return Errc::not_found;
  if (status == 400 || status == 413 || status == 422) return Errc::invalid;
  return Errc::unavailable;
}

std::string_view advice_for(Errc code) {
  switch (code) {
    case Errc::denied:
      return "; check the key that it was given";
    case Errc::not_found:
      return "; check --embedding-service-url (it ends in /embeddings or /embed) and the model's "
             "name";
    default:
      return "";
  }
}

// What Retry-After asks for, in seconds; a date there, as proxies of web pages send, counts as
// none.
Millis wait_of(const http::Headers& headers) {
  constexpr int kLongest = 300;
  int seconds = 0;
  const std::string_view text = trim(headers.find("Retry-After").value_or(""));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range) seconds = kLongest;
  if (error == std::errc::invalid_argument || end != text.data() + text.size()) return Millis(0);
  return std::chrono::seconds(std::clamp(seconds, 0, kLongest));
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

struct ServiceEncoder::Answer {
  int status = 0;
  std::string body;
};

ServiceEncoder::ServiceEncoder(http::Client& client, const Clock& clock, ServiceOptions options,
                               Logger& log)
    : client_(client), clock_(clock), options_(std::move(options)), log_(log) {}

EncoderHealth ServiceEncoder::health() const {
  using State = EncoderHealth::State;
  if (failure_) return {State::failed, failure_->message, failing_since_};
  return {identity_.empty() ? State::starting : State::ready, "", {}};
}

std::optional<Error> ServiceEncoder::cooling() const {
  if (!failure_ || clock_.now() >= down_until_) return std::nullopt;
  return Error{Errc::unavailable, failure_->message + " (not asked again yet)"};
}

// A failed call: the next ones fail at once for a while, so that nobody pays for a time-out twice.
void ServiceEncoder::note(const Error& error) {
  if (error.code == Errc::cancelled || is_about_the_text(error.code)) return;
  if (!failure_ || failure_->message != error.message)
    log_.warn("embeddings service fails", {{"cause", error.message}});
  if (!failure_) failing_since_ = clock_.wall_now();
  failure_ = error;
  down_until_ = clock_.now() + std::max(options_.cool_down, retry_after_);
  retry_after_ = Millis(0);
}

void ServiceEncoder::note_success() {
  if (failure_) log_.info("embeddings service works again", {{"url", shown(options_.url)}});
  failure_.reset();
}

async::Task<void> ServiceEncoder::ready(async::Deadline deadline) {
  if (!identity_.empty() && !failure_) co_return Result<void>();
  if (auto error = cooling()) co_return std::unexpected(*std::move(error));
  auto done = co_await look(deadline);
  if (!done) {
    note(done.error());
    co_return std::unexpected(std::move(done).error());
  }
  note_success();
  co_return Result<void>();
}

async::Task<void> ServiceEncoder::look(async::Deadline deadline) {
  if (identity_.empty()) co_return co_await learn(deadline);
  std::vector<std::string> probe{"a"};
  CO_CHECK_OK(co_await post(std::move(probe), deadline));
  co_return Result<void>();
}

// Two callers at once may both ask; they learn the same.
async::Task<void> ServiceEncoder::learn(async::Deadline deadline) {
  const ServiceHint hint = hint_of(options_.url);
  ServiceInfo info{.model = options_.model, .max_batch = options_.max_batch};
  ServiceKind kind = hint == ServiceHint::tei ? ServiceKind::tei : ServiceKind::openai;
  if (hint != ServiceHint::openai) {
    CO_TRY(auto told, co_await ask_info(deadline));
    if (told) {
      kind = ServiceKind::tei;
      info = *std::move(told);
    }
  }
  kind_ = kind;
  info_ = std::move(info);
  const ModelSettings settings = known_settings(info_.model);
  query_prefix_ = settings.query_prefix;
  document_prefix_ = settings.document_prefix;
  std::vector<std::string> probe{"a"};
  CO_TRY(const Vectors vectors, co_await post(std::move(probe), deadline));
  // A model that TEI names is the same elsewhere; what others call by a name may not be.
  const std::string where = kind_ == ServiceKind::tei && !info_.model.empty()
                                ? ""
                                : "@" + content_hash(shown(options_.url)).hex().substr(0, 8);
  identity_ = "service/" + info_.model + where + "/" + std::to_string(vectors.front().size()) +
              "/" + describe(settings);
  log_.info("embeddings service", {{"url", shown(options_.url)}, {"identity", identity_}});
  co_return Result<void>();
}

// nullopt: this is no TEI, or one that does not tell.
async::Task<std::optional<ServiceInfo>> ServiceEncoder::ask_info(async::Deadline deadline) {
  CO_TRY(const Answer answer,
         co_await exchange(info_of(options_.url), request_of("GET", ""), deadline));
  if (code_of(answer.status) == Errc::denied) co_return std::unexpected(error_of(answer));
  if (answer.status >= 500 || answer.status == 429) co_return std::unexpected(error_of(answer));
  if (answer.status != 200) co_return std::optional<ServiceInfo>();
  auto info = parse_info(answer.body);
  if (!info) co_return std::optional<ServiceInfo>();
  co_return std::optional<ServiceInfo>(*std::move(info));
}

http::Request ServiceEncoder::request_of(std::string method, std::string body) const {
  http::Request request{.method = std::move(method), .body = std::move(body)};
  request.headers.add("Accept", "application/json");
  if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
  if (!options_.key.empty()) request.headers.add("Authorization", "Bearer " + options_.key);
  return request;
}

async::Task<ServiceEncoder::Answer> ServiceEncoder::exchange(http::Url url, http::Request request,
                                                             async::Deadline deadline) {
  const std::string what = "embeddings service " + shown(url);
  const auto until = deadline.earlier(async::Deadline::in(options_.timeout));
  // Asking for the same vectors twice harms nobody.
  auto opened = co_await client_.open(std::move(url), std::move(request),
                                      http::Client::Retry::idempotent, until);
  if (!opened) co_return std::unexpected(with_context(std::move(opened).error(), what));
  retry_after_ = wait_of(opened->headers);
  auto body = co_await http::read_body(*opened->body, options_.max_response_bytes, until);
  if (!body) {
    Error error = with_context(std::move(body).error(), what);
    // The answer's size, not the text's.
    if (error.code == Errc::too_large) error.code = Errc::corrupt;
    co_return std::unexpected(std::move(error));
  }
  co_return Answer{opened->status, *std::move(body)};
}

async::Task<ServiceEncoder::Vectors> ServiceEncoder::post(std::vector<std::string> texts,
                                                          async::Deadline deadline) {
  http::Url url = endpoint_of(options_.url, kind_);
  const std::string what = "embeddings service " + shown(url);
  http::Request request = request_of("POST", request_body(kind_, options_.model, texts));
  CO_TRY(const Answer answer, co_await exchange(std::move(url), std::move(request), deadline));
  if (answer.status != 200) co_return std::unexpected(error_of(answer));
  auto vectors = parse_vectors(kind_, answer.body, texts.size());
  if (!vectors) co_return std::unexpected(with_context(std::move(vectors).error(), what));
  const std::size_t dimension = vectors->empty() ? dimension_ : vectors->front().size();
  if (dimension_ != 0 && dimension != dimension_) {
    co_return fail(Errc::corrupt, what + ": vectors of " + std::to_string(dimension) +
                                      " numbers, after " + std::to_string(dimension_) +
                                      ": the model was changed; restart to embed afresh");
  }
  dimension_ = dimension;
  co_return vectors;
}

// 500 may be the service's trouble or that of these texts: llama.cpp and Ollama say it of one that
// is too long. It is the texts' when another one goes through between two failures of theirs.
async::Task<ServiceEncoder::Vectors> ServiceEncoder::post_or_tell_why(
    std::vector<std::string> texts, async::Deadline deadline) {
  constexpr int kInternalServerError = 500;
  std::vector<std::string> again = texts;
  auto first = co_await post(std::move(texts), deadline);
  if (first || first.error().http_status != kInternalServerError) co_return first;
  std::vector<std::string> probe{"a"};
  const auto other = co_await post(std::move(probe), deadline);
  if (!other) co_return first;
  auto second = co_await post(std::move(again), deadline);
  const bool still = !second && second.error().http_status == kInternalServerError;
  if (still) second.error().code = Errc::invalid;
  co_return second;
}

Error ServiceEncoder::error_of(const Answer& answer) const {
  const Errc code = code_of(answer.status);
  // What is said about a wrong key may hold a part of it.
  const std::string said = code == Errc::denied ? "" : without_key(error_text(answer.body));
  Error error{code, "embeddings service " + shown(options_.url) + ": status " +
                        std::to_string(answer.status) + (said.empty() ? "" : ", \"" + said + "\"") +
                        std::string(advice_for(code))};
  error.http_status = answer.status;
  return error;
}

std::string ServiceEncoder::without_key(std::string text) const {
  if (options_.key.empty()) return text;
  constexpr std::string_view kShown = "[key]";
  for (std::size_t at = text.find(options_.key); at != std::string::npos;
       at = text.find(options_.key, at + kShown.size())) {
    text.replace(at, options_.key.size(), kShown);
  }
  return text;
}

std::string ServiceEncoder::text_of(const EncodeJob& job) const {
  const std::string& prefix = job.role == Role::query ? query_prefix_ : document_prefix_;
  return prefix + std::string(utf8_prefix(job.text, job.max_tokens * kBytesPerToken));
}

async::Task<std::vector<Encoding>> ServiceEncoder::encode(std::vector<EncodeJob> jobs,
                                                          Priority /*priority*/,
                                                          async::Deadline deadline) {
  CO_CHECK_OK(co_await async::check_cancelled());
  if (auto error = cooling()) co_return std::unexpected(*std::move(error));
  // After a failure these very texts show whether it is back.
  if (identity_.empty()) {
    CO_CHECK_OK(co_await ready(deadline));
  }
  std::vector<Encoding> out;
  while (out.size() < jobs.size()) {
    const std::size_t end = std::min(jobs.size(), out.size() + info_.max_batch);
    std::vector<std::string> texts;
    for (std::size_t i = out.size(); i < end; ++i) texts.push_back(text_of(jobs[i]));
    auto vectors = co_await post_or_tell_why(std::move(texts), deadline);
    if (!vectors) {
      note(vectors.error());
      co_return std::unexpected(std::move(vectors).error());
    }
    for (auto& vector : *vectors) out.push_back({.vector = std::move(vector)});
  }
  note_success();
  co_return out;
}

}  // namespace mcpo::embed
