#include "gateway/enricher.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "async/caught.h"
#include "base/text.h"

namespace mcpo::gateway {
namespace {

constexpr std::size_t kLoadAtOnce = 1'000;  // texts in one look into the store
constexpr Millis kPublishEvery{2'000};      // a view with what has come so far
constexpr Millis kReportEvery{5'000};       // progress, when it takes long
constexpr Millis kCloseTimeout{2'000};

}  // namespace

// What several coroutines encode together.
struct Enricher::Work {
  Work(async::Executor executor, std::vector<WantedText> wanted)
      : texts(std::move(wanted)), ended(std::move(executor)) {}
  std::vector<WantedText> texts;
  std::size_t next = 0;
  std::size_t done = 0;
  std::size_t running = 0;
  std::optional<Error> failure;  // of the encoder or the store, not of one text
  SteadyTime published{};
  SteadyTime reported{};
  async::Notifier ended;
};

Enricher::Enricher(async::Executor executor, ViewFollower& views, catalog::LiveCatalog& catalog,
                   embed::ToolEncoder& encoder, EmbeddingBook& book, const Clock& clock,
                   EnricherOptions options, Logger& log)
    : executor_(std::move(executor)),
      views_(views),
      catalog_(catalog),
      encoder_(encoder),
      book_(book),
      clock_(clock),
      options_(std::move(options)),
      log_(log) {}

async::Task<void> Enricher::run() {
  while (true) {
    const auto seen = views_.published().version();
    auto done = co_await run_once();
    if (!done && done.error().code == Errc::cancelled) co_return done;
    if (!done) {
      note_failure(done.error());
      CO_CHECK_OK(co_await wait_to_retry(seen));
      continue;
    }
    CO_CHECK_OK(co_await wait_for_work(seen));
  }
}

// Whatever view comes meanwhile would only fail again; its texts are counted.
async::Task<void> Enricher::wait_to_retry(std::uint64_t seen) {
  const auto until = async::Deadline::in(options_.retry_after);
  while (true) {
    auto woken = co_await views_.published().wait_change(seen, until);
    if (!woken && woken.error().code == Errc::cancelled) co_return woken;
    if (!woken) co_return Result<void>{};
    seen = views_.published().version();
    (void)look_for_wanted();
  }
}

async::Task<void> Enricher::wait_for_work(std::uint64_t seen) {
  while (true) {
    auto woken =
        co_await views_.published().wait_change(seen, async::Deadline::in(options_.retry_after));
    if (!woken && woken.error().code == Errc::cancelled) co_return woken;
    if (woken || progress_.wanted > 0) co_return Result<void>{};
    // Nobody may search for long, and /health should not show a failure that is over.
    (void)co_await encoder_.encoder().ready(async::Deadline::in(options_.encode_timeout));
  }
}

async::Task<void> Enricher::run_once() {
  // They wait, too, while the encoder cannot be had.
  if (encoder_.encoder().identity().empty()) (void)look_for_wanted();
  CO_CHECK_OK(co_await encoder_.encoder().ready(async::Deadline::in(options_.encode_timeout)));
  if (!unwritten_.empty()) CO_CHECK_OK(co_await store({}));
  std::vector<WantedText> wanted = look_for_wanted();
  if (wanted.empty()) {
    progress_.trouble = {};
    co_return Result<void>{};
  }
  CO_TRY(wanted, co_await load(std::move(wanted)));
  if (wanted.empty()) co_return Result<void>{};
  // For this time only: other processes may want texts that we do not see.
  SourceInstance vectors{"vectors", encoder_.identity()};
  CO_TRY(const auto lease, co_await catalog_.try_lead(std::move(vectors), options_.role));
  if (!lease) co_return Result<void>{};
  CO_TRY(wanted, co_await load(std::move(wanted)));  // who had the lease may have stored them
  CO_CHECK_OK(co_await encode(std::move(wanted)));
  co_return co_await tidy_up();
}

std::vector<WantedText> Enricher::look_for_wanted() {
  std::vector<WantedText> wanted = views_.view()->wanted_texts(book_);
  std::erase_if(wanted, [this](const WantedText& one) { return refused_.contains(one.hash); });
  if (!wanted.empty() || views_.shows_all_embeddings()) progress_.wanted = wanted.size();
  return wanted;
}

// Forgets what no tool has any more, here and in the store.
async::Task<void> Enricher::tidy_up() {
  std::vector<ContentHash> texts = views_.view()->texts();
  book_.keep_only(texts);
  if (!refused_.empty()) {
    const std::set<ContentHash> kept(texts.begin(), texts.end());
    std::erase_if(refused_, [&](const ContentHash& text) { return !kept.contains(text); });
  }
  co_return co_await catalog_.prune_vectors(encoder_.identity(), std::move(texts));
}

// What the store has goes into the book; the rest comes back.
async::Task<std::vector<WantedText>> Enricher::load(std::vector<WantedText> wanted) {
  std::vector<WantedText> missing;
  for (std::size_t at = 0; at < wanted.size(); at += kLoadAtOnce) {
    const std::size_t end = std::min(wanted.size(), at + kLoadAtOnce);
    std::vector<ContentHash> hashes;
    for (std::size_t i = at; i < end; ++i) hashes.push_back(wanted[i].hash);
    CO_TRY(catalog::Vectors stored,
           co_await catalog_.read_vectors(encoder_.identity(), std::move(hashes)));
    for (std::size_t i = at; i < end; ++i) {
      const auto found = stored.find(wanted[i].hash);
      // Damaged bytes are made anew.
      auto embedding = found == stored.end() ? fail(Errc::not_found, "")
                                             : search::embedding_from_bytes(found->second);
      if (embedding) {
        book_.put(wanted[i].hash,
                  std::make_shared<const search::DocumentEmbedding>(*std::move(embedding)));
      } else {
        missing.push_back(std::move(wanted[i]));
      }
    }
  }
  if (missing.size() < wanted.size()) views_.embeddings_changed();
  co_return missing;
}

async::Task<void> Enricher::encode(std::vector<WantedText> wanted) {
  auto work = std::make_shared<Work>(executor_, std::move(wanted));
  work->published = work->reported = clock_.now();
  async::TaskScope scope(executor_, log_);
  const std::size_t workers = std::min(options_.max_parallel, work->texts.size());
  for (std::size_t i = 0; i < workers; ++i) scope.spawn("encode tools", encode_some(work));
  work->running = workers;
  Result<void> waited;
  while (waited && work->running > 0) {
    waited = co_await work->ended.wait_change(work->ended.version(), async::Deadline::never());
  }
  (void)co_await scope.close(async::Deadline::in(kCloseTimeout));
  CO_CHECK_OK(std::move(waited));
  if (work->done > 0) views_.embeddings_changed();
  if (work->failure) co_return std::unexpected(*work->failure);
  progress_.trouble = {};
  co_return Result<void>{};
}

async::Task<void> Enricher::encode_some(std::shared_ptr<Work> work) {
  Result<void> outcome;
  while (outcome && !work->failure && work->next < work->texts.size()) {
    const std::span rest = std::span<const WantedText>(work->texts).subspan(work->next);
    const std::span batch = rest.first(std::min(options_.batch, rest.size()));
    work->next += batch.size();
    outcome = co_await async::caught(encode_batch(batch));
    if (!outcome) break;
    work->done += batch.size();
    publish_progress(*work);
  }
  if (!outcome && !work->failure) work->failure = outcome.error();
  --work->running;
  work->ended.notify_all();
  co_return Result<void>{};
}

async::Task<void> Enricher::encode_batch(std::span<const WantedText> texts) {
  std::vector<search::SemanticText> batch;
  for (const WantedText& one : texts) batch.push_back(one.text);
  auto made = co_await encoder_.encode_documents(std::move(batch),
                                                 async::Deadline::in(options_.encode_timeout));
  if (!made) co_return co_await encode_apart(texts, std::move(made).error());
  std::vector<std::pair<ContentHash, std::string>> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    rows.emplace_back(texts[i].hash, search::to_bytes((*made)[i]));
    book_.put(texts[i].hash,
              std::make_shared<const search::DocumentEmbedding>(std::move((*made)[i])));
  }
  CO_CHECK_OK(co_await store(std::move(rows)));
  progress_.encoded += texts.size();
  co_return Result<void>{};
}

// One text that the encoder cannot take must not keep the others from theirs.
async::Task<void> Enricher::encode_apart(std::span<const WantedText> texts, Error why) {
  const bool is_the_texts =
      why.code == Errc::invalid || why.code == Errc::too_large || why.code == Errc::internal;
  if (!is_the_texts) co_return std::unexpected(std::move(why));
  if (texts.size() == 1) {
    refused_.insert(texts.front().hash);
    log_.warn("a tool's text cannot be encoded; it is found by its words",
              {{"text", ellipsized(texts.front().text.text, 60)}, {"cause", why.message}});
    co_return Result<void>{};
  }
  CO_CHECK_OK(co_await encode_batch(texts.first(texts.size() / 2)));
  co_return co_await encode_batch(texts.subspan(texts.size() / 2));
}

// What could not be written is kept for the next attempt: no text is encoded twice.
async::Task<void> Enricher::store(std::vector<std::pair<ContentHash, std::string>> rows) {
  rows.insert(rows.end(), std::make_move_iterator(unwritten_.begin()),
              std::make_move_iterator(unwritten_.end()));
  unwritten_.clear();
  auto written = co_await catalog_.write_vectors(encoder_.identity(), rows);
  if (!written) {
    unwritten_.insert(unwritten_.end(), std::make_move_iterator(rows.begin()),
                      std::make_move_iterator(rows.end()));
  }
  co_return written;
}

void Enricher::publish_progress(Work& work) {
  const SteadyTime now = clock_.now();
  // The last ones are published by who waits for all.
  if (now - work.published >= kPublishEvery && work.done < work.texts.size()) {
    work.published = now;
    progress_.wanted = work.texts.size() - work.done;
    views_.embeddings_changed();
  }
  if (now - work.reported >= kReportEvery) {
    work.reported = now;
    log_.info("learning what tools mean", {{"done", work.done}, {"of", work.texts.size()}});
  }
}

void Enricher::note_failure(const Error& error) {
  if (progress_.trouble.reason == error.message) return;
  log_.warn("what tools mean cannot be learned now; search goes by words where it is missing",
            {{"cause", error.message}});
  const WallTime since = progress_.trouble ? progress_.trouble.since : clock_.wall_now();
  progress_.trouble = {since, error.message};
}

}  // namespace mcpo::gateway
