#include "pkg/dp/bootstrap_client.h"

#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

std::string OneLine(std::string_view text) { return ReplaceAll(std::string(Trim(text)), "\n", " "); }

std::string ExplainTransport(const std::string& cp_url, const ControlPlaneTrust& trust, const std::string& why, bool& retry) {
  std::string text = "cannot fetch the bootstrap configuration from " + cp_url + ": " + why;
  retry = true;
  if (Contains(why, "unknown authority") || Contains(why, "is not trusted") || Contains(why, "self-signed") ||
      Contains(why, "self signed")) {
    retry = false;
    text += ". It was checked against " + trust.origin;
    if (!trust.tried_local.empty()) text += " (" + trust.tried_local + ")";
    text +=
        ". Give the certificate of the control plane with --ca-cert-file FILE / KUMA_CONTROL_PLANE_CA_CERT_FILE; a control plane keeps it "
        "in ~/.kuma/kuma-cp.crt";
  } else if (Contains(why, "certificate")) {
    retry = false;
    text += " (checked against " + trust.origin + ")";
  } else if (Contains(why, "Connection refused") || Contains(why, "timed out while connecting") || Contains(why, "No route to host") ||
             Contains(why, "cannot resolve")) {
    text +=
        ". Is the control plane running there? Its data plane server usually has port 5678; the address is --cp-address / "
        "KUMA_CONTROL_PLANE_URL";
  }
  return text;
}

}  // namespace

BootstrapAttempt JudgeBootstrapReply(const std::string& cp_url, const ControlPlaneTrust& trust, const Result<io::HttpResponse>& reply) {
  BootstrapAttempt attempt;
  if (!reply.ok()) {
    attempt.outcome = MakeError(reply.error().code, ExplainTransport(cp_url, trust, reply.error().ToString(), attempt.retry));
    if (reply.error().code == ErrorCode::kInvalid) attempt.retry = false;
    return attempt;
  }
  const std::string body = OneLine(reply->body);
  const std::string status = std::to_string(reply->status);
  if (reply->status == 200) {
    attempt.outcome = ParseBootstrapReply(reply->body);
  } else if (reply->status == 404 && body.empty()) {
    // The wire's way of saying that the proxy has no resource yet; on Kubernetes it comes a moment after its Pod.
    attempt.outcome = NotFound(
        "Dataplane entity not found. If you are running on Universal please create a Dataplane entity on kuma-cp before starting kuma-dp "
        "or "
        "pass it to kuma-dp run --dataplane-file=/file. If you are running on Kubernetes, please check the kuma-cp logs to determine why "
        "the "
        "Dataplane entity could not be created by the automatic sidecar injection.");
    attempt.retry = true;
  } else if (reply->status == 404 && (Contains(body, "Page Not Found") || Contains(body, "404 page not found"))) {
    attempt.outcome = NotFound("There is no /bootstrap endpoint at " + cp_url +
                               ". Double check that it is the data plane server (port 5678 by default), not the HTTP API (port 5681)");
  } else if (reply->status >= 400 && reply->status < 500) {
    const ErrorCode code = reply->status == 401   ? ErrorCode::kUnauthorized
                           : reply->status == 403 ? ErrorCode::kForbidden
                                                  : ErrorCode::kInvalid;
    attempt.outcome = MakeError(code, "Invalid request: " + (body.empty() ? std::string(io::StatusText(reply->status)) : body) +
                                          " (the control plane at " + cp_url + " answered " + status + ")");
  } else {
    attempt.outcome = Unavailable("the control plane at " + cp_url + " answered " + status + (body.empty() ? "" : ": " + body));
    attempt.retry = true;
  }
  return attempt;
}

BootstrapClient::BootstrapClient(io::EventLoop& loop, io::WorkerPool& pool, const Clock& clock, const Settings& settings)
    : loop_(loop), pool_(pool), clock_(clock), settings_(settings) {}

BootstrapClient::~BootstrapClient() { timer_.Cancel(); }

void BootstrapClient::Fetch(MakeBody body, Done done) {
  body_ = std::move(body);
  done_ = std::move(done);
  deadline_ = clock_.Monotonic() + settings_.retry.total;
  pause_ = settings_.retry.first;
  if (settings_.skip_verify) log_.Warn("--skip-verify is set, the certificate of the control plane will not be verified");
  Try();
}

void BootstrapClient::Try() {
  auto trust = DecideTrust(settings_, clock_);
  // The file may still have to be written: a control plane makes it with its first start, a volume is mounted late.
  if (!trust.ok() && trust.error().code == ErrorCode::kNotFound) return Retry(trust.error());
  if (!trust.ok()) return Finish(std::move(trust).error());
  log_.Info("trying to fetch bootstrap configuration from the Control Plane",
            {{"url", settings_.cp_url}, {"verifiedWith", trust->skip_verify ? "nothing" : trust->origin}});
  io::HttpClientRequest request;
  request.method = "POST";
  request.url = settings_.cp_url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/bootstrap";
  request.headers = {{"accept", "application/json"}, {"content-type", "application/json"}};
  request.body = body_(*trust);
  request.tls.ca_pem = trust->ca_pem;
  request.tls.skip_verify = trust->skip_verify;
  io::HttpFetchAsync(loop_, pool_, std::move(request),
                     [this, trust = *trust, alive = std::weak_ptr<char>(alive_)](Result<io::HttpResponse> reply) {
                       if (!alive.expired()) Judge(trust, reply);
                     });
}

void BootstrapClient::Judge(const ControlPlaneTrust& trust, const Result<io::HttpResponse>& reply) {
  BootstrapAttempt attempt = JudgeBootstrapReply(settings_.cp_url, trust, reply);
  if (attempt.outcome.ok() || !attempt.retry) return Finish(std::move(attempt.outcome));
  Retry(attempt.outcome.error());
}

void BootstrapClient::Retry(Error error) {
  if (clock_.Monotonic() + pause_ > deadline_) {
    error.message += ". Given up after " + FormatDuration(settings_.retry.total) + " (KUMA_CONTROL_PLANE_RETRY_MAX_DURATION)";
    return Finish(std::move(error));
  }
  log_.Warn("could not fetch bootstrap configuration, will try again", {{"in", FormatDuration(pause_)}, {"error", error.message}});
  if (on_retry_) on_retry_(error.message);
  timer_ = loop_.PostAfter(pause_, [this, alive = std::weak_ptr<char>(alive_)] {
    if (!alive.expired()) Try();
  });
  pause_ = std::min<Nanos>(pause_ * 2, settings_.retry.longest);
}

void BootstrapClient::Finish(Result<BootstrapConfig> result) {
  Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(result));
}

}  // namespace kuma::dp
