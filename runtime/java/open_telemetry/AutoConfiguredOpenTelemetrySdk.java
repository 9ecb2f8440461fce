package io.opentelemetry.sdk.autoconfigure;

import cdktracedfunction.OpenTelemetryApi;
import io.opentelemetry.api.OpenTelemetry;

/**
 * Stands where OpenTelemetry's API looks for its SDK at the first use of GlobalOpenTelemetry: there is no other way in without an agent.
 * https://opentelemetry.io/docs/languages/java/configuration/#zero-code-sdk-autoconfigure
 */
public final class AutoConfiguredOpenTelemetrySdk {
  private static final OpenTelemetry API = new OpenTelemetryApi();

  private AutoConfiguredOpenTelemetrySdk() {}

  public static AutoConfiguredOpenTelemetrySdk initialize() {
    return new AutoConfiguredOpenTelemetrySdk();
  }

  public OpenTelemetry getOpenTelemetrySdk() {
    return API;
  }
}
