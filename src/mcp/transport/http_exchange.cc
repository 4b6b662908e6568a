#include "mcp/transport/http_exchange.h"

#include "http/sse.h"
#include "mcp/modern/request_rules.h"
#include "mcp/transport/http_rules.h"

namespace mcpo::mcp {
namespace {

using async::Deadline;

Deadline next_comment(Millis keep_alive) {
  return keep_alive > Millis{0} ? Deadline::in(keep_alive) : Deadline::never();
}

async::Task<void> begin_once(http::ResponseWriter& writer) {
  if (writer.begun()) co_return Result<void>{};
  http::Response head = event_stream_head();
  co_return co_await writer.begin_stream(std::move(head));
}

async::Task<void> write_event(http::ResponseWriter& writer, std::string data) {
  CO_CHECK_OK(co_await begin_once(writer));
  http::SseEvent event;
  event.data = std::move(data);
  std::string chunk = http::encode_event(event);
  co_return co_await writer.write(std::move(chunk));
}

async::Task<void> write_comment(http::ResponseWriter& writer) {
  CO_CHECK_OK(co_await begin_once(writer));
  std::string chunk = http::encode_comment("keep-alive");
  co_return co_await writer.write(std::move(chunk));
}

async::Task<void> write_notifications(std::shared_ptr<Outbox> box, http::ResponseWriter& writer,
                                      Millis keep_alive) {
  for (;;) {
    while (auto notification = box->next_notification()) {
      std::string data = std::move(*notification);
      CO_CHECK_OK(co_await write_event(writer, std::move(data)));
    }
    if (box->complete()) co_return Result<void>{};
    const std::uint64_t seen = box->changed().version();
    Result<void> changed = co_await box->changed().wait_change(seen, next_comment(keep_alive));
    if (changed) continue;
    if (changed.error().code != Errc::timeout) co_return changed;
    CO_CHECK_OK(co_await write_comment(writer));
  }
}

std::string join_batch(const std::vector<Answer>& answers) {
  std::string body = "[";
  for (const Answer& answer : answers) {
    if (answer.text.empty()) continue;
    if (body.size() > 1) body += ',';
    body += answer.text;
  }
  return body + "]";
}

http::Response plain_response(std::vector<Answer>& answers, const ExchangeOptions& options) {
  if (options.shape == BodyShape::batch) return json_response(200, join_batch(answers));
  Answer& answer = answers.front();
  const int status = options.era == Era::modern ? modern::http_status(answer.error_code) : 200;
  return json_response(status, std::move(answer.text));
}

bool has_text(const std::vector<Answer>& answers) {
  for (const Answer& answer : answers) {
    if (!answer.text.empty()) return true;
  }
  return false;
}

async::Task<void> write_answers(std::shared_ptr<Outbox> box, http::ResponseWriter& writer,
                                ExchangeOptions options) {
  std::vector<Answer>& answers = box->answers();
  if (!writer.begun() && has_text(answers)) {
    http::Response response = plain_response(answers, options);
    co_return co_await writer.send(std::move(response));
  }
  // A cancelled request gets no response (S-72): a stream without events says that best.
  CO_CHECK_OK(co_await begin_once(writer));
  for (Answer& answer : answers) {
    if (answer.text.empty()) continue;
    std::string data = std::move(answer.text);
    CO_CHECK_OK(co_await write_event(writer, std::move(data)));
  }
  co_return co_await writer.end_stream();
}

}  // namespace

http::Response event_stream_head() {
  http::Response head;
  head.headers.add("Content-Type", "text/event-stream");
  head.headers.add("Cache-Control", "no-cache");
  head.headers.add("X-Accel-Buffering", "no");
  return head;
}

async::Co<Delivery> write_exchange(std::shared_ptr<Outbox> box, http::ResponseWriter& writer,
                                   ExchangeOptions options) {
  Result<void> written = co_await write_notifications(box, writer, options.keep_alive);
  if (written) written = co_await write_answers(box, writer, options);
  if (!written) box->abandon();
  co_return written ? Delivery::done : Delivery::peer_gone;
}

async::Co<Delivery> hold_stream(http::ResponseWriter& writer,
                                std::shared_ptr<async::Notifier> changed,
                                std::function<bool()> ended, Millis keep_alive) {
  while (!ended()) {
    const std::uint64_t seen = changed->version();
    Result<void> woken = co_await changed->wait_change(seen, next_comment(keep_alive));
    if (woken) continue;
    if (woken.error().code != Errc::timeout) co_return Delivery::peer_gone;
    Result<void> written = co_await write_comment(writer);
    if (!written) co_return Delivery::peer_gone;
  }
  co_return Delivery::done;
}

}  // namespace mcpo::mcp
