"""Messages to people about what waits for them: Teams and Slack webhooks. Decides nothing and takes no answer."""
