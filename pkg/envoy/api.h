// Short names of the Envoy messages we build. Included by builders only; it is heavy.
#pragma once

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/core/v3/config_source.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/secret.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h"

namespace kuma::envoy {

using Cluster = ::envoy::config::cluster::v3::Cluster;
using Listener = ::envoy::config::listener::v3::Listener;
using FilterChain = ::envoy::config::listener::v3::FilterChain;
using FilterChainMatch = ::envoy::config::listener::v3::FilterChainMatch;
using LoadAssignment = ::envoy::config::endpoint::v3::ClusterLoadAssignment;
using RouteConfiguration = ::envoy::config::route::v3::RouteConfiguration;
using VirtualHost = ::envoy::config::route::v3::VirtualHost;
using Route = ::envoy::config::route::v3::Route;
using RouteMatch = ::envoy::config::route::v3::RouteMatch;
using RouteAction = ::envoy::config::route::v3::RouteAction;
using HeaderMatcher = ::envoy::config::route::v3::HeaderMatcher;
using StringMatcher = ::envoy::type::matcher::v3::StringMatcher;
using HttpConnectionManager = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using HttpFilter = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpFilter;
using TcpProxy = ::envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;
using HttpProtocolOptions = ::envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
using UpstreamTlsContext = ::envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;
using DownstreamTlsContext = ::envoy::extensions::transport_sockets::tls::v3::DownstreamTlsContext;
using CommonTlsContext = ::envoy::extensions::transport_sockets::tls::v3::CommonTlsContext;
using TlsParameters = ::envoy::extensions::transport_sockets::tls::v3::TlsParameters;
using SubjectAltNameMatcher = ::envoy::extensions::transport_sockets::tls::v3::SubjectAltNameMatcher;
using Secret = ::envoy::extensions::transport_sockets::tls::v3::Secret;

}  // namespace kuma::envoy
