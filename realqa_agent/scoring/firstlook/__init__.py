"""The built-in scorer: what can be measured on a picture, and two small models fitted to human ratings."""
