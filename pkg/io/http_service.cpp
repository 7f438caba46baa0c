#include "pkg/io/http_service.h"

#include <vector>

namespace kuma::io {

void HttpService::Adopt(std::shared_ptr<Connection> connection, std::string initial) {
  auto session = std::make_shared<HttpSession>(std::move(connection), options_, [weak = weak_from_this()](HttpSession* closed) {
    if (auto self = weak.lock()) self->Forget(closed);
  });
  sessions_.emplace(session.get(), session);
  ++count_;
  session->Start(std::move(initial));
}

void HttpService::Forget(HttpSession* session) {
  auto node = sessions_.extract(session);  // the caller is a method of it: it dies after this returns
  if (!node.empty()) --count_;
  if (sessions_.empty() && drained_) {
    grace_.Cancel();
    loop_.Post(std::exchange(drained_, {}));
  }
}

void HttpService::Drain(std::chrono::milliseconds grace, std::function<void()> done) {
  std::vector<std::shared_ptr<HttpSession>> all;
  for (auto& [key, session] : sessions_) all.push_back(session);
  for (auto& session : all) session->Drain();
  if (!done) done = [] {};
  if (sessions_.empty()) {
    loop_.Post(std::move(done));
    return;
  }
  drained_ = std::move(done);
  grace_ = loop_.PostAfter(grace, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->CloseAll();
  });
}

void HttpService::CloseAll() {
  std::vector<std::shared_ptr<HttpSession>> all;
  for (auto& [key, session] : sessions_) all.push_back(session);
  for (auto& session : all) session->Close();
}

}  // namespace kuma::io
