"""The quick check for deployments: is any accumulation point over its limit, or unknown?"""
